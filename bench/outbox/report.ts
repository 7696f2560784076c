import type { Spread } from "../figures.js";
import type { Drain, MemorySample } from "./backlog.js";
import type { OutboxFigures } from "./outbox.js";

/** The part of the report for people. */
export const outboxMarkdownOf = ({
  sink,
  mysqlVersion,
  accounts,
  plain,
  written,
  one,
  two,
  backlog,
  signUps,
}: OutboxFigures): string[] => [
  "## What leaves the server",
  "",
  `Events to ${sink}, from MySQL ${mysqlVersion}; those of ${accounts} accounts.`,
  "",
  "| | events/s | ratio to plain, signed | CPU µs an event |",
  "| --- | --- | --- | --- |",
  `| plain, one body over and over | ${plain.sameBody.toFixed(0)} | ${(plain.sameBody / plain.signed).toFixed(2)} | |`,
  `| plain, each signed | ${plain.signed.toFixed(0)} | 1.00 | |`,
  ...[
    ["outbox, one process", one] as const,
    ["outbox, two processes", two] as const,
    [`outbox, one process, backlog of ${backlog.rows}`, backlog] as const,
  ].map(
    ([name, { rowsPerSecond, cpuMicroseconds }]) =>
      `| ${name} | ${rowsPerSecond.toFixed(0)} | ${(rowsPerSecond / plain.signed).toFixed(2)} | ${cpuMicroseconds.toFixed(0)} |`,
  ),
  "",
  `Rows written, 500 in a statement and nothing else: ${written.toFixed(0)} a second.`,
  "",
  `Memory of the process that drained ${backlog.rows} rows: ${memoryOf(backlog)}.`,
  "",
  "| one sign-up at a time | p50 ms | CPU ms | CPU ratio |",
  "| --- | --- | --- | --- |",
  ...signUps.map(
    ({ name, p50Milliseconds, cpuMilliseconds, cpuRatio }) =>
      `| ${name} | ${spread(p50Milliseconds, 1)} | ${spread(cpuMilliseconds, 1)} | ${spread(cpuRatio, 2)} |`,
  ),
];

function memoryOf({ memory }: Drain): string {
  const most = Math.max(...memory.map(({ bytes }) => bytes));
  // The first quarter is the server's warming up.
  const { rowsDone: all = 0 } = memory.at(-1) ?? {};
  const settled = memory.filter(({ rowsDone }) => rowsDone > all / 4);
  return `${megabytes(most)} MB at most; ${megabytes(slopeOf(settled) * 10_000)} MB more for each 10 000 rows, after the first quarter`;
}

/** Bytes for each row, by least squares. */
function slopeOf(samples: readonly MemorySample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const rows = mean(samples.map(({ rowsDone }) => rowsDone));
  const bytes = mean(samples.map((each) => each.bytes));
  const covariance = mean(samples.map((each) => (each.rowsDone - rows) * (each.bytes - bytes)));
  return covariance / mean(samples.map((each) => (each.rowsDone - rows) ** 2));
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const spread = ({ median, min, max }: Spread, places: number): string =>
  `${median.toFixed(places)} (${min.toFixed(places)}..${max.toFixed(places)})`;
