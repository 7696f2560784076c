/**
 * Measures what a call costs; README.md beside this file tells what and how.
 *
 *   npm run bench                            about fifteen minutes; writes results/
 *   npm run bench -- --quick                 a smoke test of the bench itself; writes nothing
 *   npm run bench -- --rounds=5 --seconds=3
 *   npm run bench -- --only=TEXT             only cases with TEXT in their name; writes no results
 *   npm run bench -- --only=outbox           only what leaves the server; writes no results
 *   npm run bench -- --profiles=FOLDER       keeps a CPU profile of each server; writes no results
 *
 * BENCH_MYSQL_URL or TEST_MYSQL_URL (`mysql://root@127.0.0.1:3306`) adds the lines on MySQL: most of those about the gateway's question, and
 * what leaves the server, by the RabbitMQ at BENCH_AMQP_URL or one that is started for it.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { systemClock } from "../src/platform/clock.js";
import {
  type Comparison,
  comparisons,
  flatnessesOf,
  latencyCasesOf,
  type Section,
  sectionsOf,
  YARDSTICK,
} from "./cases.js";
import { differenceOf, figuresOf, proportionOf } from "./figures.js";
import { measureLatencies } from "./latency.js";
import { circumstances, loadOfMachine } from "./machine.js";
import { type Options, optionsOf } from "./options.js";
import { measureOutbox } from "./outbox/outbox.js";
import { markdownOf, type Report } from "./report.js";
import { type Case, runRounds } from "./rounds.js";
import { type Surroundings, startServers } from "./servers.js";

/** Closes what was opened; the latest goes first. */
const closings: (() => Promise<void> | void)[] = [];

const surroundings: Surroundings = { defer: (close) => closings.push(close), print };

async function closeAll(): Promise<void> {
  for (const close of closings.splice(0).reverse()) await close();
}

async function main(options: Options): Promise<Report> {
  const { plan, outboxPlan, only, servers: settings } = options;
  build();
  const before = circumstances(systemClock());
  const calls = only === OUTBOX ? NO_CALLS : await measureCalls(options);
  await closeAll();
  const { mysqlUrl } = settings;
  const outbox =
    mysqlUrl !== undefined && ["", OUTBOX].includes(only)
      ? await measureOutbox(mysqlUrl, outboxPlan, surroundings)
      : undefined;
  const mysqlVersion = calls.mysqlVersion ?? outbox?.mysqlVersion ?? "not measured";
  return { ...calls, circumstances: { ...before, loadAfter: loadOfMachine(), mysqlVersion }, plan, outbox };
}

/** Chooses what leaves the server, which has no case of its own. */
const OUTBOX = "outbox";

type Calls = Omit<Report, "circumstances" | "plan" | "outbox"> & {
  readonly mysqlVersion?: string | undefined;
};

const NO_CALLS: Calls = { sections: [], differences: [], flatnesses: [], latencies: [], samples: [] };

async function measureCalls({ plan, only, servers: settings }: Options): Promise<Calls> {
  const { servers, mysqlVersion } = await startServers(settings, surroundings);
  const isChosen = (name: string): boolean => name === YARDSTICK || name.includes(only);
  const bothChosen = ({ more, less }: Comparison): boolean => isChosen(more) && isChosen(less);
  const all = await sectionsOf(servers);
  closings.push(() => {
    for (const { load } of casesOf(all)) load.close();
  });
  const sections = all.map((section) => ({
    ...section,
    cases: section.cases.filter(({ name }) => isChosen(name)),
  }));
  const cases = casesOf(sections);
  print(`warming up ${cases.length} cases`);
  const samples = await runRounds(cases, plan, (round) => print(`round ${round + 1} of ${plan.rounds}`));
  print("latencies");
  const latencies = await measureLatencies(
    latencyCasesOf(servers).filter(({ name }) => isChosen(name)),
    samples,
    plan,
  );
  return {
    mysqlVersion,
    sections: sections.map((section) => ({
      ...section,
      cases: section.cases.map(({ name, aim }) => ({ ...figuresOf(samples, name, YARDSTICK), aim })),
    })),
    differences: comparisons.filter(bothChosen).map(({ title, more, less }) => ({
      title,
      microseconds: differenceOf(samples, more, less),
    })),
    flatnesses: flatnessesOf(servers)
      .filter(bothChosen)
      .map(({ title, more, less }) => ({ title, ...proportionOf(samples, more, less) })),
    latencies,
    samples,
  };
}

const casesOf = (sections: readonly Section[]): Case[] => sections.flatMap(({ cases }) => cases);

/** Compiles the servers as `npm run build` does. */
function build(): void {
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const project = join(import.meta.dirname, "tsconfig.json");
  execFileSync(process.execPath, [compiler, "-p", project], { stdio: ["ignore", "inherit", "inherit"] });
}

function keepReport(report: Report): void {
  const folder = join(import.meta.dirname, "results");
  const date = report.circumstances.startedAt.slice(0, 10);
  writeFileSync(join(folder, `${date}.json`), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(folder, "latest.md"), markdownOf(report));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void closeAll().finally(() => process.exit(1)));
}

const options = optionsOf(process.argv.slice(2), process.env.BENCH_MYSQL_URL || process.env.TEST_MYSQL_URL);
try {
  const report = await main(options);
  print(`\n${markdownOf(report)}`);
  if (options.keep) keepReport(report);
  else print("Nothing was kept: figures of a quick, partial or profiled run mean little.");
} finally {
  await closeAll();
}
