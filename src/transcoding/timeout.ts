import { TranscodingError } from "./error.js";

const millisecondsPerUnit: Record<string, number> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1 / 1000,
  n: 1 / 1_000_000,
};

/** Milliseconds of a `grpc-timeout` header ("17H", "250m"), rounded down. Throws TranscodingError ("bad_timeout"). */
export function parseTimeout(header: string): number {
  const [, amount, unit = ""] = /^(\d{1,9})([HMSmun])$/.exec(header) ?? [];
  const milliseconds = millisecondsPerUnit[unit];
  if (amount === undefined || milliseconds === undefined) {
    throw new TranscodingError("bad_timeout", `"${header}" is no timeout`);
  }
  return Math.floor(Number(amount) * milliseconds);
}
