import { type App, startApp } from "./app.js";
import { banner } from "./banner.js";
import { systemClock } from "./platform/clock.js";
import { type Config, readConfig } from "./platform/config.js";
import { createLogger, type Logger } from "./platform/logger.js";
import { BadConfiguration } from "./platform/settings.js";

/** How long outbox and database have after the calls. With the default of SHUTDOWN_SECONDS all ends within 10 s. */
const CUT_AFTER_SECONDS = 2;

const config = configOrExit();
const logger = createLogger({ level: config.logLevel, readable: !config.isProduction });
let app: App | undefined;
let closing = false;

// Before the start, which may wait for a database: as the first process of a container we would otherwise not hear them.
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void closeAndExit(signal));
}

// The shell that npm puts between keeps a signal to itself and leaves us behind, with both ports.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) void closeAndExit("the end of npm");
  }, 250).unref();
}

app = await appOrExit(config, logger);

if (config.isProduction) logger.info({ http: app.httpPort, grpc: app.grpcPort }, "listening");
else process.stdout.write(banner(config, app));
if (config.isProduction && config.trustedProxies.length === 0) {
  logger.warn({}, "TRUSTED_PROXIES is empty: behind a gateway all clients will share its address");
}

async function closeAndExit(signal: string): Promise<void> {
  if (closing) return;
  closing = true;
  logger.info({ signal }, "closing: calls in flight may end, new ones are refused");
  setTimeout(cutAndExit, (config.shutdownSeconds + CUT_AFTER_SECONDS) * 1000).unref();
  await app?.close();
  logger.info({}, "closed");
  process.exit(0);
}

/** A database that has fallen silent would hold the end up for longer than supervisors wait before they kill. */
function cutAndExit(): void {
  logger.warn({}, "closing took too long: what had not ended is cut");
  process.exit(1);
}

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (fault) {
    if (!(fault instanceof BadConfiguration)) throw fault;
    process.stderr.write(`${fault.message}\nAll settings: docs/configuration.md\n`);
    process.exit(1);
  }
}

async function appOrExit(settings: Config, log: Logger): Promise<App> {
  try {
    return await startApp(settings, { clock: systemClock, logger: log });
  } catch (fault) {
    // A busy port or a database that is down is the operator's to mend, for whom a stack is noise.
    log.debug({ stack: fault instanceof Error ? fault.stack : undefined }, "where the start failed");
    log.error({}, `could not start: ${fault instanceof Error ? fault.message : String(fault)}`);
    process.exit(1);
  }
}
