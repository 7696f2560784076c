/** Answers the present moment. Passed as an argument so that tests can move time. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

/** Monotonic milliseconds, for measuring how long something took; unrelated to the wall clock. */
export const monotonicMilliseconds = (): number => performance.now();

export const secondsOf = (moment: Date): number => Math.floor(moment.getTime() / 1000);

export const secondsAfter = (moment: Date, seconds: number): Date =>
  new Date(moment.getTime() + seconds * 1000);
