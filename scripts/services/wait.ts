import { setTimeout as sleep } from "node:timers/promises";

/**
 * Repeats an attempt until it succeeds and answers its result. Rejects with its last failure after the time,
 * or at once with whatever `givenUp` rejects with, such as the end of the server being waited for.
 */
export async function waitUntil<T>(
  attempt: () => Promise<T>,
  { timeoutSeconds, givenUp }: { timeoutSeconds: number; givenUp?: Promise<never> },
): Promise<T> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    try {
      return await (givenUp ? Promise.race([attempt(), givenUp]) : attempt());
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await (givenUp ? Promise.race([sleep(50), givenUp]) : sleep(50));
  }
}
