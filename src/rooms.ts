import type { Database } from "./database/database.js";
import { createAccounts } from "./features/accounts/accounts.js";
import { createAccountStore } from "./features/accounts/store.js";
import { createActivities } from "./features/activities/activities.js";
import { createActivityStore } from "./features/activities/store.js";
import { createAuthz } from "./features/authz/authz.js";
import { createBearer } from "./features/authz/bearer.js";
import { readPathRules } from "./features/authz/rules-file.js";
import { createLabels } from "./features/labels/labels.js";
import { createLabelStore } from "./features/labels/store.js";
import { createLevels } from "./features/levels/levels.js";
import { createLevelStore } from "./features/levels/store.js";
import { createOtp } from "./features/otp/otp.js";
import { createOtpStore } from "./features/otp/store.js";
import { createMailTexts } from "./features/outbox/mail-texts.js";
import { createOutbox } from "./features/outbox/outbox.js";
import { createOutboxStore } from "./features/outbox/store.js";
import { createRecovery } from "./features/recovery/recovery.js";
import { createRegistration } from "./features/registration/registration.js";
import type { TrustedOrigins } from "./features/sessions/rules.js";
import { createSessions } from "./features/sessions/sessions.js";
import { createSignIn } from "./features/sessions/sign-in.js";
import { createSessionStore } from "./features/sessions/store.js";
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
import type { SigningKey } from "./platform/signing-keys.js";
import type { Mailer } from "./ports/mail/mail.js";

/** More than the answers take about addresses that are known, and those that are not. */
const HIDING_MS = 300;

export interface RoomsNeeds {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly signingKey: SigningKey;
  readonly mailer: Mailer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Creates the rooms, each with what it needs, and joins the effects that go against the arrows. */
export function createRooms({ config, database, vault, signingKey, mailer, clock, logger }: RoomsNeeds) {
  const { hideAccounts } = config;
  const evenly: Evenly = (work) => (hideAccounts ? takingAtLeast(HIDING_MS, work) : work());
  const origins = trustedOrigins(config);
  const hasher = createPasswordHasher(config.hashing);
  const throttles = createThrottles({
    store: createThrottleStore(database),
    clock,
    enabled: config.rateLimits,
  });
  const activities = createActivities({ store: createActivityStore(database), clock });
  const tokens = createTokens({ store: createTokenStore(database), clock });
  const outbox = createOutbox({
    store: createOutboxStore(database),
    texts: createMailTexts({ appName: config.appName, ...config.mail }),
    vault,
    mailer,
    clock,
    logger,
  });

  const accounts = createAccounts({
    store: createAccountStore(database),
    hasher,
    clock,
    minimumBits: config.passwordMinimumBits,
  });
  const levels = createLevels({ store: createLevelStore(database), accounts });
  const labels = createLabels({ store: createLabelStore(database), accounts, levels, clock });
  const otp = createOtp({ store: createOtpStore(database), accounts, vault, clock });
  const sessions = createSessions({
    database,
    store: createSessionStore(database),
    accounts,
    activities,
    signIn: createSignIn({ accounts, otp, throttles, activities, hasher }),
    clock,
    limits: config.sessions,
  });
  const bearer = createBearer({ key: signingKey, ...config.jwt, clock });
  const rules = readPathRules(config.authzRulesFile);

  accounts.onCredentialsChanged(sessions.endAllOf);

  return {
    accounts,
    activities,
    authz: createAuthz({ accounts, sessions, bearer, rules, origins }),
    hasher,
    labels,
    levels,
    origins,
    otp,
    outbox,
    recovery: createRecovery({
      database,
      accounts,
      tokens,
      activities,
      outbox,
      hasher,
      hideAccounts,
      evenly,
    }),
    registration: createRegistration({
      database,
      accounts,
      labels,
      tokens,
      outbox,
      hasher,
      hideAccounts,
      evenly,
    }),
    sessions,
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
