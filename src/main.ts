import { type App, startApp } from "./app.js";
import { banner } from "./banner.js";
import { systemClock } from "./platform/clock.js";
import { type Config, readConfig } from "./platform/config.js";
import { createLogger, type Logger } from "./platform/logger.js";
import { BadConfiguration } from "./platform/settings.js";

const config = configOrExit();
const logger = createLogger({ level: config.logLevel, readable: !config.isProduction });
const app = await appOrExit(config, logger);

if (config.isProduction) logger.info({ http: app.httpPort, grpc: app.grpcPort }, "listening");
else process.stdout.write(banner(config, app));
if (config.isProduction && config.trustedProxies.length === 0) {
  logger.warn({}, "TRUSTED_PROXIES is empty: behind a gateway all clients will share its address");
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void closeAndExit(signal));
}

async function closeAndExit(signal: string): Promise<void> {
  logger.info({ signal }, "closing: calls in flight may end, new ones are refused");
  await app.close();
  logger.info({}, "closed");
  process.exit(0);
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
    log.error({ err: fault }, `could not start: ${fault instanceof Error ? fault.message : String(fault)}`);
    process.exit(1);
  }
}
