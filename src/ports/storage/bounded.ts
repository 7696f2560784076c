import { callSignal, signalFor, withinCall } from "../../platform/deadline.js";
import { ContentBroken, StorageUnavailable } from "./storage.js";

/**
 * Runs an operation on the storage for at most so long, and not beyond the end of the call being served. What it waits for finds the
 * signal in its argument or by `callSignal()`; its caller is released also when something does not listen.
 *
 * Whatever fails is StorageUnavailable, with the words of `reasonOf`; ContentBroken alone is the caller's own.
 */
export async function bounded<T>(
  timeoutMs: number,
  reasonOf: (fault: unknown) => string,
  operation: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = signalFor(timeoutMs);
  try {
    signal.throwIfAborted();
    return await Promise.race([withinCall({ signal }, () => operation(signal)), endOf(signal)]);
  } catch (fault) {
    if (fault instanceof ContentBroken) throw fault;
    if (callSignal()?.aborted) throw new StorageUnavailable("the call ended first", { cause: fault });
    if (signal.aborted)
      throw new StorageUnavailable(`the storage took longer than ${timeoutMs} ms`, { cause: fault });
    throw new StorageUnavailable(reasonOf(fault), { cause: fault });
  }
}

const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
