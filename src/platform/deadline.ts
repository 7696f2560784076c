import { AsyncLocalStorage } from "node:async_hooks";

/** The one call being served, as far as code that waits for something has to know it. */
export interface CallLimits {
  /** Aborted when the caller has gone, cancelled, or its deadline has passed. */
  readonly signal: AbortSignal;
}

const limits = new AsyncLocalStorage<CallLimits>();

/** Runs `work` so that everything it waits for, database calls included, ends when the call ends. */
export const withinCall = <T>(call: CallLimits, work: () => T): T => limits.run(call, work);

/** Runs `work` free of the current call: for what must outlive it, such as an activity record of a refused call. */
export const beyondCall = <T>(work: () => T): T => limits.exit(work);

/** The signal of the call being served, if any. */
export const callSignal = (): AbortSignal | undefined => limits.getStore()?.signal;

/** Aborted with a TimeoutError after so long, or when the call being served ends, whichever is first. */
export function signalFor(milliseconds: number): AbortSignal {
  const timeout = AbortSignal.timeout(milliseconds);
  const call = callSignal();
  return call ? AbortSignal.any([timeout, call]) : timeout;
}
