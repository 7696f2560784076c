import { existsSync, openSync, readFileSync } from "node:fs";
import type { Run } from "./run.js";

/** Starts a server for the run. The promise never resolves; it rejects with the tail of the log when the server ends. */
export function startServer(run: Run, program: string, args: readonly string[], log: string): Promise<never> {
  const descriptor = openSync(log, "a");
  const server = run.spawn(program, args, { stdio: ["ignore", descriptor, descriptor] });
  const ended = new Promise<never>((_, reject) => {
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`${program} ended:\n${tailOf(log)}`)));
  });
  // The server also ends after it was waited for, when nobody listens to this promise any more.
  ended.catch(() => undefined);
  return ended;
}

const tailOf = (log: string) =>
  existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(-15).join("\n") : "";
