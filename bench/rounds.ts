import type { Load } from "./load/load.js";
import type { ServerProcess } from "./server-process.js";

/** One line of the tables. */
export interface Case {
  /** Unique. */
  readonly name: string;
  readonly server: Pick<ServerProcess, "cpuMicroseconds">;
  readonly load: Load;
  /** What its ratio of calls a second is meant to be, where somebody has said so. Nothing depends on it. */
  readonly aim?: number;
}

/** What one case did in one round. */
export interface Sample {
  readonly name: string;
  readonly round: number;
  readonly completed: number;
  readonly seconds: number;
  /** Spent by the server. */
  readonly cpuMicroseconds: number;
}

export interface Plan {
  readonly rounds: number;
  /** For each case, before the first round; not measured. */
  readonly warmUpSeconds: number;
  /** For each case and round. */
  readonly seconds: number;
}

const PAUSE_MS = 100;

/**
 * Lets every case run once a round, each round beginning with another one, so that whatever else the machine does
 * falls on all of them alike.
 */
export async function runRounds(
  cases: readonly Case[],
  { rounds, warmUpSeconds, seconds }: Plan,
  onRound: (round: number) => void,
): Promise<Sample[]> {
  for (const { load } of cases) {
    await load.prepare?.();
    await load.run(warmUpSeconds);
  }
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    onRound(round);
    const first = Math.floor((round * cases.length) / rounds);
    for (const each of [...cases.slice(first), ...cases.slice(0, first)]) {
      samples.push(await measure(each, round, seconds));
    }
  }
  return samples;
}

async function measure({ name, server, load }: Case, round: number, seconds: number): Promise<Sample> {
  // What the load before has left to be closed is not for this one to pay.
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const before = await server.cpuMicroseconds();
  const burst = await load.run(seconds);
  const after = await server.cpuMicroseconds();
  return { name, round, ...burst, cpuMicroseconds: after - before };
}
