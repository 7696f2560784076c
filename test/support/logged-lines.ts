import type { Logger } from "../../src/platform/logger.js";

export interface LoggedLine {
  readonly level: string;
  /** The message among them. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A logger whose lines are kept as objects. */
export function loggerInto(lines: LoggedLine[]): Logger {
  const at = (level: string) => (details: object, message: string) => {
    lines.push({ level, details: { ...details, message } });
  };
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}
