import { pino } from "pino";
import { pinoPretty } from "./pretty.js";

/** What the rest of the code asks of a logger; pino keeps it. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
  child(bindings: Record<string, unknown>): Logger;
}

/** Names that never reach the log with their values, at any of the depths at which they could appear. */
const SECRETS = [
  "password",
  "confirm_password",
  "token",
  "reset_password_token",
  "otp_code",
  "secret",
  "code",
];
const HEADERS = ["authorization", "cookie", "set-cookie", "x-auth-signature"];

export interface LoggerSettings {
  readonly level: string;
  /** One readable line per record instead of JSON. */
  readonly readable: boolean;
}

export function createLogger({ level, readable }: LoggerSettings): Logger {
  const names = [...SECRETS, ...HEADERS].map((name) => `["${name}"]`);
  const options = {
    level,
    base: null,
    redact: { paths: names.flatMap((name) => [name, `*${name}`, `*.*${name}`]), censor: "[hidden]" },
  };
  return readable ? pino(options, pinoPretty()) : pino(options);
}

/** For code that runs where nobody reads a log. */
export const silentLogger: Logger = createLogger({ level: "silent", readable: false });
