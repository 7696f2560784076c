import { type Database, openDatabase } from "./database/database.js";
import { migrateUp, pending } from "./database/migrate.js";
import { developmentPages } from "./development/pages.js";
import { ownPathsUnder } from "./features/authz/own-paths.js";
import { type Administrator, createFirstAdministrator } from "./features/registration/first-administrator.js";
import { servicesOf, stepsWith, translate } from "./offer.js";
import { createListeners, createSenders, signingKeysOf } from "./partners.js";
import type { Clock } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { ownKeyRing } from "./platform/development-keys.js";
import type { Logger } from "./platform/logger.js";
import { every } from "./platform/periodic.js";
import { createVault } from "./platform/secrets.js";
import { createCaptcha } from "./ports/captcha/create-captcha.js";
import { createStorage } from "./ports/storage/create-storage.js";
import { createRooms, type Rooms } from "./rooms.js";
import { type DoorSettings, openDoors, refuseBusyPorts } from "./wire/doors.js";

const SWEEP_SECONDS = 600;
const SWEEP_ROWS = 1000;
const ORPHAN_SWEEP_SECONDS = 3600;

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
  const signingKeys = signingKeysOf(config, { clock, logger });
  const keys = config.secretsKeys ?? ownKeyRing(config.dataDir);
  const vault = createVault(keys);
  const { mailer, sms, mailbox } = await createSenders(config, { clock, logger });
  const captcha = createCaptcha(config.captcha, { clock, logger });
  const listeners = createListeners(config, clock);
  const storage = createStorage(config.storage, { apiUrl: config.apiUrl, keys, clock });
  const database = await openDatabase(config.database, { logger, clock });
  try {
    await prepare(database, config, logger);
    const rooms = createRooms({
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
    });
    const administrator = await firstAdministrator(database, rooms, config);
    await rooms.permissions.reload();
    const doors = await openDoors({
      settings: doorSettings(config),
      services: servicesOf(rooms, config, captcha, clock, logger),
      steps: stepsWith(rooms, captcha, ownPathsUnder(config.authz.ownPath)),
      translate,
      ready: () => database.isReachable(),
      logger,
      ...(mailbox &&
        !config.isProduction && {
          extra: developmentPages({
            mailbox,
            samples: rooms.mailSamples,
            settled: rooms.outbox.settled,
            hosts: developmentHosts(config),
          }),
        }),
    });
    rooms.outbox.start();
    signingKeys.start();
    rooms.permissions.start();
    rooms.pathRules.start();
    // Not waited for: everything but documents works without it.
    void storage.check().catch((fault: unknown) => logger.warn({}, `no documents for now: ${String(fault)}`));
    void listeners.broker
      ?.check()
      .catch((fault: unknown) => logger.warn({}, `no events to the broker for now: ${String(fault)}`));
    const sweep = every(SWEEP_SECONDS, "deleting what has expired", () => deleteExpired(rooms), logger);
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
        // They would last for longer than calls in flight may.
        rooms.eventStreams.stop();
        await doors.close();
        await signingKeys.stop();
        await rooms.permissions.stop();
        await rooms.pathRules.stop();
        await sweep.stop();
        await orphanSweep.stop();
        await rooms.outbox.stop();
        await rooms.keyProof.settled();
        await storage.close();
        await listeners.broker?.close();
        await mailer.close();
        await sms.close();
        await database.close();
      },
    };
  } catch (fault) {
    await storage.close();
    await listeners.broker?.close();
    await mailer.close();
    await sms.close();
    await database.close();
    throw fault;
  }
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

async function deleteExpired({
  sessions,
  throttles,
  tokens,
  outbox,
  events,
  keyProof,
}: Rooms): Promise<void> {
  const prunes = [sessions.prune, throttles.prune, tokens.prune, events.prune, keyProof.prune, outbox.prune];
  for (const prune of prunes) {
    // In small statements, so that none of them holds others up.
    while ((await prune(SWEEP_ROWS)) === SWEEP_ROWS);
  }
}
