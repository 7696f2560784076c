import { readFileSync } from "node:fs";
import { getOption, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { LabelService as AdminLabelService } from "../gen/barong/admin/v1/label_service_pb.js";
import { UserService as AdminUserService } from "../gen/barong/admin/v1/user_service_pb.js";
import { AuthzService, KeyService } from "../gen/barong/authz/v1/authz_service_pb.js";
import { ErrorReason } from "../gen/barong/errors/v1/error_reason_pb.js";
import { SessionService } from "../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../gen/barong/identity/v1/status_service_pb.js";
import { UserService } from "../gen/barong/identity/v1/user_service_pb.js";
import { method as methodRules } from "../gen/barong/options/v1/options_pb.js";
import { ApiKeyService } from "../gen/barong/resource/v1/api_key_service_pb.js";
import { DocumentService } from "../gen/barong/resource/v1/document_service_pb.js";
import { FileService } from "../gen/barong/resource/v1/file_service_pb.js";
import { LabelService } from "../gen/barong/resource/v1/label_service_pb.js";
import { OtpService } from "../gen/barong/resource/v1/otp_service_pb.js";
import { PhoneService } from "../gen/barong/resource/v1/phone_service_pb.js";
import { ProfileService } from "../gen/barong/resource/v1/profile_service_pb.js";
import { UserService as OwnAccountService } from "../gen/barong/resource/v1/user_service_pb.js";
import { type Database, openDatabase } from "./database/database.js";
import { isUnavailable } from "./database/errors.js";
import { migrateUp, pending } from "./database/migrate.js";
import { developmentPages } from "./development/pages.js";
import { apiKeyHandlers } from "./features/api-keys/api.js";
import { authzHandlers, keyHandlers } from "./features/authz/api.js";
import { documentHandlers, fileHandlers } from "./features/documents/api.js";
import { adminLabelHandlers } from "./features/labels/admin-api.js";
import { labelHandlers } from "./features/labels/api.js";
import { otpHandlers } from "./features/otp/api.js";
import { ownAccountHandlers } from "./features/own-account/api.js";
import { phoneHandlers } from "./features/phones/api.js";
import { profileHandlers } from "./features/profiles/api.js";
import { userHandlers } from "./features/registration/api.js";
import { type Administrator, createFirstAdministrator } from "./features/registration/first-administrator.js";
import { sessionHandlers } from "./features/sessions/api.js";
import { staffHandlers } from "./features/staff/api.js";
import { statusHandlers } from "./features/status/api.js";
import { type Clock, secondsAfter } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { ownKeyRing, ownSigningKey } from "./platform/development-keys.js";
import { Failure } from "./platform/failure.js";
import type { Logger } from "./platform/logger.js";
import { HashingOverloaded } from "./platform/password-hash.js";
import { every } from "./platform/periodic.js";
import { createVault } from "./platform/secrets.js";
import { readSigningKey, type SigningKey } from "./platform/signing-keys.js";
import type { Captcha } from "./ports/captcha/captcha.js";
import { createGeetest } from "./ports/captcha/geetest.js";
import { noCaptcha } from "./ports/captcha/no-captcha.js";
import { createRecaptcha } from "./ports/captcha/recaptcha.js";
import { createMailbox } from "./ports/mail/mailbox.js";
import { createSmtpMailer } from "./ports/mail/smtp-mailer.js";
import { SmsRefused, SmsUnavailable } from "./ports/sms/sms.js";
import { createTwilioSms } from "./ports/sms/twilio-sms.js";
import { createStorage } from "./ports/storage/create-storage.js";
import { StorageUnavailable } from "./ports/storage/storage.js";
import { createRooms, type Rooms } from "./rooms.js";
import { type DoorSettings, openDoors, refuseBusyPorts } from "./wire/doors.js";
import type { Steps } from "./wire/guard.js";
import { serve } from "./wire/services.js";

const SWEEP_SECONDS = 600;
const SWEEP_ROWS = 1000;
const ORPHAN_SWEEP_SECONDS = 3600;
const DEAD_MAIL_SECONDS = 30 * 86400;

export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface App {
  /** The ports on which it listens. */
  readonly httpPort: number;
  readonly grpcPort: number;
  /** The first administrator; undefined when there is none. */
  readonly administrator: Administrator | undefined;
  readonly database: Database;
  /** For programs in the same process, such as tests. */
  readonly rooms: Rooms;
  /** Lets calls in flight end, then closes everything. */
  close(): Promise<void>;
}

/** Creates and joins everything, and listens. What was opened is closed again when a step fails. */
export async function startApp(config: Config, { clock, logger }: Surroundings): Promise<App> {
  await refuseBusyPorts(doorSettings(config));
  const signingKey = await signingKeyOf(config);
  const keys = config.secretsKeys ?? ownKeyRing(config.dataDir);
  const vault = createVault(keys);
  const { mailer, sms, mailbox } = await createSenders(config, clock);
  const captcha = createCaptcha(config);
  const storage = createStorage(config.storage, { apiUrl: config.apiUrl, keys, clock });
  const database = await openDatabase(config.database, { logger, clock });
  try {
    await prepare(database, config, logger);
    const rooms = createRooms({ config, database, vault, signingKey, mailer, sms, storage, clock, logger });
    const administrator = await firstAdministrator(database, rooms, config);
    const doors = await openDoors({
      settings: doorSettings(config),
      services: servicesOf(rooms, config, captcha, clock),
      steps: stepsWith(rooms, captcha),
      translate,
      ready: () => database.isReachable(),
      logger,
      ...(mailbox &&
        !config.isProduction && {
          extra: developmentPages({
            mailbox,
            settled: rooms.outbox.settled,
            hosts: developmentHosts(config),
          }),
        }),
    });
    rooms.outbox.start();
    // Not waited for: everything but documents works without it.
    void storage.check().catch((fault: unknown) => logger.warn({}, `no documents for now: ${String(fault)}`));
    const sweep = every(
      SWEEP_SECONDS,
      "deleting what has expired",
      () => deleteExpired(rooms, clock),
      logger,
    );
    const orphanSweep = every(
      ORPHAN_SWEEP_SECONDS,
      "deleting files without a document",
      rooms.documents.sweepOrphans,
      logger,
    );

    return {
      httpPort: doors.httpPort,
      grpcPort: doors.grpcPort,
      administrator,
      database,
      rooms,
      async close() {
        await doors.close();
        await sweep.stop();
        await orphanSweep.stop();
        await rooms.outbox.stop();
        await storage.close();
        await mailer.close();
        await sms.close();
        await database.close();
      },
    };
  } catch (fault) {
    await storage.close();
    await mailer.close();
    await sms.close();
    await database.close();
    throw fault;
  }
}

async function signingKeyOf({ jwt: { privateKeyPath, algorithm }, dataDir }: Config): Promise<SigningKey> {
  if (privateKeyPath === undefined) return readSigningKey(ownSigningKey(dataDir, algorithm), algorithm);
  try {
    return await readSigningKey(readFileSync(privateKeyPath, "utf8"), algorithm);
  } catch (cause) {
    throw new Error(`JWT_PRIVATE_KEY_PATH ${privateKeyPath} is no key for ${algorithm}: ${String(cause)}`, {
      cause,
    });
  }
}

/** Who delivers mails and SMS; in development the mailbox stands in for whoever is not configured. */
async function createSenders({ mail: { smtpUrl, from }, sms: { twilio } }: Config, clock: Clock) {
  const mailbox = createMailbox(clock);
  return {
    mailer: smtpUrl === undefined ? mailbox : createSmtpMailer({ url: smtpUrl, from }),
    sms:
      twilio === undefined ? { send: mailbox.sendSms, close: mailbox.close } : await createTwilioSms(twilio),
    mailbox: smtpUrl === undefined || twilio === undefined ? mailbox : undefined,
  };
}

function createCaptcha({ captcha: { vendor, geetest, recaptcha } }: Config): Captcha {
  if (vendor === "geetest")
    return createGeetest({ id: geetest.id ?? "", key: geetest.key ?? "", url: geetest.url });
  if (vendor === "recaptcha")
    return createRecaptcha({ secretKey: recaptcha.secretKey ?? "", url: recaptcha.url });
  return noCaptcha;
}

const doorSettings = (config: Config): DoorSettings => ({ ...config, https: config.sessions.secureCookie });

/** Who opens the listeners to other machines on purpose opens the pages to them as well. */
const developmentHosts = ({ host, publicUrl }: Config): string[] =>
  host === "127.0.0.1" ? ["localhost", "127.0.0.1", "[::1]", new URL(publicUrl).hostname] : [];

async function prepare(database: Database, config: Config, logger: Logger): Promise<void> {
  const onRetry = (line: string) => logger.warn({}, line);
  await database.waitUntilReady({ forSeconds: config.databaseWaitSeconds, onRetry });
  if (config.migrateOnStart) {
    await migrateUp(database, { onStep: (line) => logger.info({}, line) });
    return;
  }
  const missing = await pending(database);
  if (missing.length > 0) throw new Error(`the database lacks ${missing.join(", ")}: run npm run migrate`);
}

async function firstAdministrator(
  database: Database,
  rooms: Rooms,
  { admin, isProduction }: Config,
): Promise<Administrator | undefined> {
  // A generated password would have to be written to a log that others read.
  if (isProduction && admin.password === undefined) return undefined;
  return createFirstAdministrator({ database, ...rooms }, { ...admin, strict: isProduction });
}

const servicesOf = (rooms: Rooms, config: Config, captcha: Captcha, clock: Clock) => [
  serve(StatusService, statusHandlers(clock)),
  serve(UserService, userHandlers({ ...rooms, captcha })),
  serve(SessionService, sessionHandlers(rooms.sessions, { ...config.sessions, origins: rooms.origins })),
  serve(OwnAccountService, ownAccountHandlers(rooms)),
  serve(OtpService, otpHandlers(rooms.otp)),
  serve(LabelService, labelHandlers(rooms.labels)),
  serve(AdminUserService, staffHandlers(rooms)),
  serve(AdminLabelService, adminLabelHandlers(rooms.labels)),
  serve(PhoneService, phoneHandlers(rooms.phones)),
  serve(ProfileService, profileHandlers(rooms.profiles)),
  serve(DocumentService, documentHandlers(rooms.documents)),
  serve(FileService, fileHandlers(rooms.documents)),
  serve(ApiKeyService, apiKeyHandlers(rooms.apiKeys)),
  serve(AuthzService, authzHandlers(rooms.authz)),
  serve(KeyService, keyHandlers(rooms.authz)),
];

const stepsWith = ({ authz, throttles, otp, activities }: Rooms, captcha: Captcha): Steps => ({
  identify: ({ requestHeader, method }) =>
    authz.identify(requestHeader, { readOnly: getOption(method, methodRules).readOnly }),
  verifyCaptcha: (answer, { origin }) =>
    captcha.verify(answer === undefined ? undefined : toJson(ValueSchema, answer), origin),
  spend: throttles.spend,
  proveSecondFactor: (code, { caller }) => otp.proveSecondFactor(caller, code),
  recordRefusal: activities.failed,
});

/** What the lower layers throw, as the catalogue says it. */
function translate(fault: unknown): Failure | undefined {
  if (fault instanceof HashingOverloaded)
    return new Failure(ErrorReason.OVERLOADED, { retryAfterSeconds: 1 });
  // Before the database, for their codes are those of any broken connection.
  if (fault instanceof SmsUnavailable || fault instanceof SmsRefused)
    return new Failure(ErrorReason.SMS_UNAVAILABLE, { cause: fault });
  if (isUnavailable(fault) || fault instanceof StorageUnavailable)
    return new Failure(ErrorReason.UNAVAILABLE, { retryAfterSeconds: 5, cause: fault });
  return undefined;
}

async function deleteExpired(
  { sessions, throttles, tokens, outbox, events }: Rooms,
  clock: Clock,
): Promise<void> {
  const forgotten = secondsAfter(clock(), -DEAD_MAIL_SECONDS);
  const prunes = [
    sessions.prune,
    throttles.prune,
    tokens.prune,
    events.prune,
    (most: number) => outbox.deleteGivenUp(forgotten, most),
  ];
  for (const prune of prunes) {
    // In small statements, so that none of them holds others up.
    while ((await prune(SWEEP_ROWS)) === SWEEP_ROWS);
  }
}
