import type { Figures, Spread } from "./figures.js";
import type { Circumstances } from "./machine.js";
import type { Plan, Sample } from "./rounds.js";

/** A run, as it is kept in `results/`. */
export interface Report {
  readonly circumstances: Circumstances & { readonly loadAfter: number; readonly mysqlVersion: string };
  readonly plan: Plan;
  readonly sections: readonly { readonly title: string; readonly figures: readonly Figures[] }[];
  /** Microseconds of CPU per call. */
  readonly differences: readonly { readonly title: string; readonly microseconds: Spread }[];
  readonly samples: readonly Sample[];
}

/** The report for people. */
export function markdownOf({ circumstances, plan, sections, differences }: Report): string {
  const { startedAt, commit, node, cpu, cores, memoryGib, system, mysqlVersion } = circumstances;
  const { loadBefore, loadAfter } = circumstances;
  return [
    "# Latest run",
    "",
    `${startedAt.slice(0, 16).replace("T", " ")} UTC, commit ${commit}, Node ${node}, ${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}. ` +
      `MySQL: ${mysqlVersion}. Load average of the machine ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after; the run itself makes up to 2. ` +
      `${plan.rounds} rounds of ${plan.seconds} s for each line.`,
    "",
    "Median of the rounds, (min..max) behind it. The first ratio is the one to trust; [what the columns mean](../README.md#what-the-figures-mean).",
    ...sections.flatMap(({ title, figures }) => ["", `## ${title}`, "", ...tableOf(figures)]),
    "",
    "## What the parts cost",
    "",
    "| | CPU µs a call |",
    "| --- | --- |",
    ...differences.map(({ title, microseconds }) => `| ${title} | ${written(microseconds, 1)} |`),
    "",
  ].join("\n");
}

const tableOf = (figures: readonly Figures[]): string[] => [
  "| | CPU ratio | CPU µs a call | calls/s | ratio of calls/s | processors busy |",
  "| --- | --- | --- | --- | --- | --- |",
  ...figures.map(
    ({ name, cpuRatio, cpuMicrosecondsPerRequest, requestsPerSecond, rateRatio, serverLoad }) =>
      `| ${name} | ${written(cpuRatio, 2)} | ${written(cpuMicrosecondsPerRequest, 0)} | ` +
      `${written(requestsPerSecond, 0)} | ${rateRatio.median.toFixed(2)} | ${serverLoad.median.toFixed(2)} |`,
  ),
];

const written = ({ median, min, max }: Spread, places: number): string =>
  `${median.toFixed(places)} (${min.toFixed(places)}..${max.toFixed(places)})`;
