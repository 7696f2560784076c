import type { Database } from "./database/database.js";
import { createAccounts } from "./features/accounts/accounts.js";
import { createDirectory } from "./features/accounts/directory.js";
import { createAccountStore } from "./features/accounts/store.js";
import { createActivities } from "./features/activities/activities.js";
import { createActivityStore } from "./features/activities/store.js";
import { createApiKeys } from "./features/api-keys/api-keys.js";
import { createKnownKeys } from "./features/api-keys/known-keys.js";
import { createNonceStore } from "./features/api-keys/nonce-store.js";
import { createKeyProof } from "./features/api-keys/proof.js";
import { createApiKeyStore } from "./features/api-keys/store.js";
import { createUseStore } from "./features/api-keys/use-store.js";
import { createAuthz } from "./features/authz/authz.js";
import { createBearer } from "./features/authz/bearer.js";
import { createExplain } from "./features/authz/explain.js";
import { openPathRules } from "./features/authz/rules-file.js";
import { createTokenBearers } from "./features/authz/token-bearers.js";
import { createVerdicts } from "./features/authz/verdicts.js";
import { createDocuments } from "./features/documents/documents.js";
import { createDocumentStore } from "./features/documents/store.js";
import { createEnvelopes } from "./features/event-sinks/envelope.js";
import { couriersOf, type Listeners, sinksOf } from "./features/event-sinks/sinks.js";
import { createEvents } from "./features/events/events.js";
import { createEventStore } from "./features/events/store.js";
import { createEventStreams } from "./features/events/streams.js";
import { createLabels } from "./features/labels/labels.js";
import { createLabelStore } from "./features/labels/store.js";
import { createLevels } from "./features/levels/levels.js";
import { createLevelStore } from "./features/levels/store.js";
import { createMailCourier } from "./features/mails/courier.js";
import { createMailTexts } from "./features/mails/mail-texts.js";
import { createMails } from "./features/mails/mails.js";
import { mailSamples } from "./features/mails/samples.js";
import { createOtp } from "./features/otp/otp.js";
import { createOtpStore } from "./features/otp/store.js";
import { createOutbox } from "./features/outbox/outbox.js";
import { createOutboxStore } from "./features/outbox/store.js";
import { createPasswordChange } from "./features/own-account/password-change.js";
import { createPermissions } from "./features/permissions/permissions.js";
import { createPermissionStore } from "./features/permissions/store.js";
import { createSmsBudget } from "./features/phones/budget.js";
import { createSmsCourier } from "./features/phones/courier.js";
import { createPhones } from "./features/phones/phones.js";
import { createPhoneStore } from "./features/phones/store.js";
import { createProfiles } from "./features/profiles/profiles.js";
import { createProfileStore } from "./features/profiles/store.js";
import { createRecovery } from "./features/recovery/recovery.js";
import { createRegistration } from "./features/registration/registration.js";
import { createCaptchaPasses } from "./features/sessions/captcha-passes.js";
import { createDevices } from "./features/sessions/devices.js";
import { createKnownClients } from "./features/sessions/known-clients.js";
import type { TrustedOrigins } from "./features/sessions/rules.js";
import { createSessions } from "./features/sessions/sessions.js";
import { createSignIn } from "./features/sessions/sign-in.js";
import { createSessionStore } from "./features/sessions/store.js";
import { createStaff } from "./features/staff/staff.js";
import { createThrottleStore } from "./features/throttles/store.js";
import { createThrottles } from "./features/throttles/throttles.js";
import { createTokenStore } from "./features/tokens/store.js";
import { createTokens } from "./features/tokens/tokens.js";
import type { Clock } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { type Evenly, takingAtLeast } from "./platform/even-time.js";
import type { Logger } from "./platform/logger.js";
import { createPasswordHasher } from "./platform/password-hash.js";
import type { Vault } from "./platform/secrets.js";
import type { SigningKeys } from "./platform/signing-keys.js";
import type { Mailer } from "./ports/mail/mail.js";
import type { SmsSender } from "./ports/sms/sms.js";
import type { Storage } from "./ports/storage/storage.js";

/** More than the answers take about addresses that are known, and those that are not. */
const HIDING_MS = 300;

export interface RoomsNeeds {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly signingKeys: SigningKeys;
  readonly listeners: Listeners;
  readonly mailer: Mailer;
  readonly sms: SmsSender;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Creates the rooms, each with what it needs, and joins the effects that go against the arrows. */
export function createRooms({
  config,
  database,
  vault,
  signingKeys,
  listeners,
  mailer,
  sms,
  storage,
  clock,
  logger,
}: RoomsNeeds) {
  const { hideAccounts } = config;
  const evenly: Evenly = (work) => (hideAccounts ? takingAtLeast(HIDING_MS, work) : work());
  const origins = trustedOrigins(config);
  const hasher = createPasswordHasher(config.hashing);
  const throttleStore = createThrottleStore(database);
  const throttles = createThrottles({ store: throttleStore, clock, enabled: config.rateLimits });
  const activities = createActivities({ store: createActivityStore(database), clock });
  const tokens = createTokens({ store: createTokenStore(database), clock });
  const outbox = createOutbox({
    database,
    store: createOutboxStore(database),
    vault,
    clock,
    logger,
    settings: { leaseSeconds: config.outbox.leaseSeconds },
  });
  const mails = createMails({ outbox, clock, ...config.mail });
  const mailTexts = createMailTexts({
    appName: config.appName,
    siteUrl: config.publicUrl,
    ...config.mail,
  });
  outbox.deliverBy(createMailCourier({ mailer, texts: mailTexts, lanes: config.mail.connections }));
  const eventStore = createEventStore(database);
  const sinks = sinksOf(listeners);
  const events = createEvents({ database, store: eventStore, vault, clock, sinks, post: outbox.post });
  const { key: eventKey, algorithm } = config.events.jwt;
  const envelope = createEnvelopes({ key: () => eventKey ?? signingKeys.current(), algorithm, clock });
  for (const courier of couriersOf(listeners, { envelope, clock, logger })) outbox.deliverBy(courier);
  const eventStreams = createEventStreams({
    database,
    store: eventStore,
    vault,
    logger,
    settings: { most: config.events.streams },
  });
  events.onRecorded(eventStreams.kick);

  const accountStore = createAccountStore(database);
  const accounts = createAccounts({
    store: accountStore,
    events,
    hasher,
    clock,
    minimumBits: config.passwordMinimumBits,
  });
  const levels = createLevels({ store: createLevelStore(database), accounts });
  const labels = createLabels({
    database,
    store: createLabelStore(database),
    accounts,
    levels,
    events,
    mails,
    clock,
  });
  const keyUse = createUseStore(database);
  const { cacheMs, timeoutMs: readMs } = config.authz;
  const knownKeys = createKnownKeys({ store: keyUse, accounts, vault, clock, cacheMs, readMs });
  const apiKeys = createApiKeys({
    database,
    store: createApiKeyStore(database),
    accounts,
    activities,
    knownKeys,
    mails,
    vault,
    clock,
  });
  const otp = createOtp({
    database,
    store: createOtpStore(database),
    accounts,
    activities,
    apiKeys,
    mails,
    throttles,
    vault,
    clock,
    appName: config.appName,
  });
  const { vendor: captchaVendor, actions: captchaActions } = config.captcha;
  const captchaPasses = createCaptchaPasses({
    database,
    accounts,
    tokens,
    isDemanded: captchaVendor !== undefined && captchaActions.includes("session_create"),
  });
  const devices = createDevices({ vault, clock });
  const sessions = createSessions({
    database,
    store: createSessionStore(database),
    accounts,
    activities,
    mails,
    signIn: createSignIn({ accounts, otp, throttles, activities, hasher, captchaPasses, devices }),
    devices,
    clock,
    limits: config.sessions,
    cacheMs: config.authz.cacheMs,
    readMs: config.authz.timeoutMs,
    // Time is left for the rest of the verdict.
    touchMs: config.authz.timeoutMs / 2,
  });
  const phoneStore = createPhoneStore(database);
  const phones = createPhones({
    database,
    store: phoneStore,
    accounts,
    labels,
    budget: createSmsBudget({
      // Money is money, also where attempts are not limited.
      throttles: createThrottles({ store: throttleStore, clock, enabled: true }),
      limits: config.sms.limits,
      logger,
    }),
    outbox,
    sms,
    vault,
    clock,
    appName: config.appName,
    smsTemplate: config.sms.text,
    countries: config.sms.countries,
  });
  outbox.deliverBy(createSmsCourier({ database, store: phoneStore, sms, clock }));
  const profiles = createProfiles({ database, store: createProfileStore(database), accounts, labels, clock });
  const documents = createDocuments({
    database,
    store: createDocumentStore(database),
    accounts,
    labels,
    storage,
    clock,
    limit: config.documentsLimit,
  });
  const keyProof = createKeyProof({
    knownKeys,
    store: keyUse,
    nonceStore: createNonceStore(database),
    clock,
    ...config.apiKeys,
    limitGuesses: config.rateLimits,
  });
  const bearer = createBearer({ keys: signingKeys, ...config.jwt, clock });
  const rules = openPathRules({ file: config.authz.rulesFile, logger });
  const permissions = createPermissions({
    database,
    store: createPermissionStore(database),
    accounts,
    labels,
    activities,
    clock,
    logger,
    ownPath: config.authz.ownPath,
    cacheMs: config.authz.cacheMs,
  });

  const verdicts = createVerdicts({ sessions, keyProof, permissions, origins });
  const bearers = createTokenBearers({ accounts, bearer, keyProof, sessions });

  accounts.onCredentialsChanged(sessions.endAllOf);
  accounts.onCredentialsChanged(tokens.voidAllOf);

  return {
    accounts,
    activities,
    apiKeys,
    captchaPasses,
    authz: createAuthz({ verdicts, bearer, bearers, rules, timeoutMs: config.authz.timeoutMs }),
    directory: createDirectory({ store: accountStore }),
    documents,
    events,
    eventStreams,
    explain: createExplain({ accounts, keyProof, permissions, rules }),
    hasher,
    keyProof,
    knownClients: createKnownClients({ accounts, activities, devices }),
    labels,
    levels,
    mailSamples: mailSamples(mailTexts),
    origins,
    otp,
    outbox,
    pathRules: rules,
    permissions,
    passwordChange: createPasswordChange({
      database,
      accounts,
      activities,
      events,
      mails,
      throttles,
      hasher,
    }),
    phones,
    profiles,
    recovery: createRecovery({
      database,
      accounts,
      tokens,
      activities,
      apiKeys,
      events,
      mails,
      hasher,
      hideAccounts,
      evenly,
    }),
    registration: createRegistration({
      database,
      accounts,
      labels,
      tokens,
      events,
      mails,
      hasher,
      hideAccounts,
      evenly,
    }),
    sessions,
    staff: createStaff({ database, accounts, otp, labels, profiles, phones, documents }),
    throttles,
    tokens,
  };
}

export type Rooms = ReturnType<typeof createRooms>;

const trustedOrigins = ({ publicUrl, cors }: Config): TrustedOrigins => ({
  own: new URL(publicUrl).origin,
  // "*" opens the API to all pages, but never with somebody's cookie.
  allowed: cors.origins === "*" ? [] : cors.origins,
});
