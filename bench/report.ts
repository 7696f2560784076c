import type { Figures, Proportion, Spread } from "./figures.js";
import type { Latency } from "./latency.js";
import type { Circumstances } from "./machine.js";
import type { OutboxFigures } from "./outbox/outbox.js";
import { outboxMarkdownOf } from "./outbox/report.js";
import type { Plan, Sample } from "./rounds.js";

/** A run, as it is kept in `results/`. */
export interface Report {
  readonly circumstances: Circumstances & { readonly loadAfter: number; readonly mysqlVersion: string };
  readonly plan: Plan;
  readonly sections: readonly ReportedSection[];
  readonly flatnesses: readonly (Proportion & { readonly title: string })[];
  readonly latencies: readonly Latency[];
  /** Microseconds of CPU per call. */
  readonly differences: readonly { readonly title: string; readonly microseconds: Spread }[];
  readonly samples: readonly Sample[];
  readonly outbox: OutboxFigures | undefined;
}

export interface ReportedSection {
  readonly title: string;
  readonly isVerdicts?: boolean;
  readonly cases: readonly (Figures & { readonly aim: number | undefined })[];
}

/** The report for people. */
export function markdownOf(report: Report): string {
  const { circumstances, plan, sections, differences, outbox } = report;
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
    ...sections
      .filter(({ cases }) => cases.length > 0)
      .flatMap((section) => [
        "",
        `## ${section.title}`,
        "",
        ...(section.isVerdicts ? verdictsOf(section, report) : tableOf(section)),
      ]),
    ...(differences.length === 0 ? [] : ["", "## What the parts cost", "", ...differencesOf(report)]),
    ...(outbox === undefined ? [] : ["", ...outboxMarkdownOf(outbox)]),
    "",
  ].join("\n");
}

const differencesOf = ({ differences }: Report): string[] => [
  "| | CPU µs a call |",
  "| --- | --- |",
  ...differences.map(({ title, microseconds }) => `| ${title} | ${written(microseconds, 1)} |`),
];

const tableOf = ({ cases }: ReportedSection): string[] => [
  "| | CPU ratio | CPU µs a call | calls/s | ratio of calls/s | processors busy |",
  "| --- | --- | --- | --- | --- | --- |",
  ...cases.map(
    ({ name, cpuRatio, cpuMicrosecondsPerRequest, requestsPerSecond, rateRatio, serverLoad }) =>
      `| ${name} | ${written(cpuRatio, 2)} | ${written(cpuMicrosecondsPerRequest, 0)} | ` +
      `${written(requestsPerSecond, 0)} | ${rateRatio.median.toFixed(2)} | ${serverLoad.median.toFixed(2)} |`,
  ),
];

const verdictsOf = ({ cases }: ReportedSection, { flatnesses, latencies }: Report): string[] => [
  "| | verdicts per CPU-second | CPU ratio | verdicts/s | ratio of verdicts/s | aim | processors busy |",
  "| --- | --- | --- | --- | --- | --- | --- |",
  ...cases.map(
    ({ name, requestsPerCpuSecond, cpuRatio, requestsPerSecond, rateRatio, aim, serverLoad }) =>
      `| ${name} | ${written(requestsPerCpuSecond, 0)} | ${written(cpuRatio, 2)} | ${written(requestsPerSecond, 0)} | ` +
      `${written(rateRatio, 2)} | ${aim === undefined ? "" : `≥ ${aim.toFixed(2)}`} | ${serverLoad.median.toFixed(2)} |`,
  ),
  "",
  "Barong 2 gave 250 to 350 verdicts per CPU-second on this kind of machine.",
  ...flatnesses.flatMap(({ title, cpu, rate }) => [
    "",
    `Flatness: ${title} take ${written(cpu, 2)} times the CPU time (aim: within 1.3) at ${written(rate, 2)} times the rate.`,
  ]),
  ...(latencies.length === 0 ? [] : ["", ...latencyTable(latencies)]),
];

const latencyTable = (latencies: readonly Latency[]): string[] => [
  "| at half of its rate | calls/s | p50 ms | p99 ms | p99 / p50 (aim: under 8) |",
  "| --- | --- | --- | --- | --- |",
  ...latencies.map(
    ({ name, callsPerSecond, p50Milliseconds, p99Milliseconds, tail }) =>
      `| ${name} | ${callsPerSecond.toFixed(0)} | ${written(p50Milliseconds, 2)} | ${written(p99Milliseconds, 2)} | ${written(tail, 1)} |`,
  ),
];

const written = ({ median, min, max }: Spread, places: number): string =>
  `${median.toFixed(places)} (${min.toFixed(places)}..${max.toFixed(places)})`;
