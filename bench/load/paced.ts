import { Connection } from "./connection.js";
import type { HttpCall } from "./http.js";
import { CONCURRENCY } from "./load.js";

export type PacedCall = Pick<HttpCall, "url" | "headers" | "nextHeaders">;

export interface Pace {
  readonly callsPerSecond: number;
  readonly seconds: number;
}

/**
 * Calls at even distances, whether the answers come in time or not. Answers how many milliseconds each call took from the moment it was
 * due, so that one which had to wait for a free connection is not taken for a fast one.
 */
export async function pacedLatencies(call: PacedCall, pace: Pace): Promise<number[]> {
  const port = Number(new URL(call.url).port);
  const connections = await Promise.all(Array.from({ length: CONCURRENCY }, () => Connection.open(port)));
  try {
    return await latenciesOn(connections, requestsOf(call), pace);
  } catch (fault) {
    throw new Error(`${call.url}: ${String(fault)}`, { cause: fault });
  } finally {
    for (const connection of connections) connection.close();
  }
}

function latenciesOn(
  connections: readonly Connection[],
  nextRequest: () => string,
  { callsPerSecond, seconds }: Pace,
): Promise<number[]> {
  const total = Math.max(1, Math.round(callsPerSecond * seconds));
  const start = performance.now();
  const idle = [...connections];
  const latencies: number[] = [];
  let sent = 0;
  let isOver = false;
  return new Promise((resolve, reject) => {
    function sendWhatIsDue(): void {
      while (sent < total && !isOver) {
        const due = start + (sent * 1000) / callsPerSecond;
        if (due > performance.now()) return;
        const connection = idle.pop();
        if (!connection) return;
        sent += 1;
        connection.ask(nextRequest(), (fault) => {
          if (fault) return end(() => reject(fault));
          latencies.push(performance.now() - due);
          idle.push(connection);
          if (latencies.length === total) end(() => resolve(latencies));
          else sendWhatIsDue();
        });
      }
    }
    function end(settle: () => void): void {
      isOver = true;
      settle();
    }
    // Timers are too coarse: several calls would leave at a time, and wait for each other.
    function tick(): void {
      sendWhatIsDue();
      if (sent < total && !isOver) setImmediate(tick);
    }
    tick();
  });
}

/** Writes the next request. */
function requestsOf({ url, headers = {}, nextHeaders }: PacedCall): () => string {
  const { pathname, search, host } = new URL(url);
  const first = `GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${linesOf(headers)}`;
  return () => `${first}${nextHeaders ? linesOf(nextHeaders()) : ""}\r\n`;
}

const linesOf = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
