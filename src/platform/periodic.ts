import type { Logger } from "./logger.js";

export interface Periodic {
  /** Resolves when a run under way has ended; none starts afterwards. */
  stop(): Promise<void>;
}

/** Runs `work` every `seconds`, one run at a time; a failure is logged and the next run comes all the same. */
export function every(seconds: number, name: string, work: () => Promise<void>, logger: Logger): Periodic {
  let running: Promise<void> | undefined;
  const run = async () => {
    try {
      await work();
    } catch (fault) {
      // The stack alone: errors of the database carry statements with their values.
      logger.warn(
        { stack: fault instanceof Error ? fault.stack : String(fault) },
        `${name} failed; it is tried again in ${seconds} s`,
      );
    }
    running = undefined;
  };
  const timer = setInterval(() => {
    running ??= run();
  }, seconds * 1000);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
