import { type Spread, spreadOf } from "./figures.js";
import { type PacedCall, pacedLatencies } from "./load/paced.js";
import type { Plan, Sample } from "./rounds.js";

/** A case of which is also measured how long its calls take while its server is half busy. */
export interface LatencyCase {
  /** Of a case that has run in the rounds, which tell its rate. */
  readonly name: string;
  readonly call: PacedCall;
}

export interface Latency {
  readonly name: string;
  readonly callsPerSecond: number;
  readonly p50Milliseconds: Spread;
  readonly p99Milliseconds: Spread;
  /** The one divided by the other, in the same round. */
  readonly tail: Spread;
}

/** Calls each case at half of the rate it had in the rounds, in rounds again. */
export async function measureLatencies(
  cases: readonly LatencyCase[],
  samples: readonly Sample[],
  { rounds, warmUpSeconds, seconds }: Plan,
): Promise<Latency[]> {
  const measured = cases.map(({ name, call }) => ({
    name,
    call,
    callsPerSecond: halfOfRate(samples, name),
    rounds: [] as { readonly p50: number; readonly p99: number }[],
  }));
  for (const { call, callsPerSecond } of measured) {
    await pacedLatencies(call, { callsPerSecond, seconds: warmUpSeconds });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { call, callsPerSecond, rounds: own } of measured) {
      const sorted = (await pacedLatencies(call, { callsPerSecond, seconds })).sort((a, b) => a - b);
      own.push({ p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) });
    }
  }
  return measured.map(({ name, callsPerSecond, rounds: own }) => ({
    name,
    callsPerSecond,
    p50Milliseconds: spreadOf(own.map(({ p50 }) => p50)),
    p99Milliseconds: spreadOf(own.map(({ p99 }) => p99)),
    tail: spreadOf(own.map(({ p50, p99 }) => p99 / p50)),
  }));
}

function halfOfRate(samples: readonly Sample[], wanted: string): number {
  const rates = samples
    .filter(({ name }) => name === wanted)
    .map(({ completed, seconds }) => completed / seconds);
  return spreadOf(rates).median / 2;
}

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
