import pretty from "pino-pretty";

/** Readable log lines, written in this thread so that none is lost at exit. */
export const pinoPretty = () =>
  pretty({
    colorize: process.stdout.isTTY === true,
    translateTime: "SYS:HH:MM:ss",
    sync: true,
    singleLine: true,
  });
