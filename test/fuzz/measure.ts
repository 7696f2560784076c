import type { Prepared } from "./targets.js";

/** CPU time of this process in milliseconds. */
async function cpuOf(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least of several measurements: whatever else the machine does only adds to one. */
export async function leastCpuOf(work: () => Promise<void> | void, times: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < times; round++) least = Math.min(least, await cpuOf(work));
  return least;
}

/** Requests below count as this long, as each costs something however short it is. */
const LEAST_BYTES = 8 * 1024;

/** Milliseconds of CPU for each KiB of a request. */
export async function costOf({ bytes, run }: Prepared, times: number): Promise<number> {
  return (await leastCpuOf(run, times)) / (Math.max(bytes, LEAST_BYTES) / 1024);
}

const ORDINARY = JSON.stringify(
  Array.from({ length: 1000 }, (_, id) => ({
    id,
    email: `user-${id}@example.com`,
    state: "active",
    otp: false,
  })),
);

/** Milliseconds of CPU in which this machine parses a KiB of ordinary JSON, by which costs are told on any machine. */
export async function ordinaryCost(): Promise<number> {
  const rounds = 20;
  const parse = () => {
    for (let round = 0; round < rounds; round++) JSON.parse(ORDINARY);
  };
  return (await leastCpuOf(parse, 10)) / rounds / (ORDINARY.length / 1024);
}
