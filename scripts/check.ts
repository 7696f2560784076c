/**
 * Checks everything that can be told without running the server: types, style, schema, generated files.
 *
 *   npm run check
 *   npm run check -- --against=COMMIT     compare the schema with this commit instead of the last one on main
 */
import { schemaIsCompatible } from "./check/compatibility.js";
import { generatedCodeIsCurrent, openapiIsCurrent } from "./check/generated.js";
import { type Finding, programStep, type Step } from "./check/step.js";

const against = process.argv.find((argument) => argument.startsWith("--against="))?.split("=")[1];

// The schema's imports have to be in place before anything reads it.
const preparation = [programStep("third-party protos laid out", "tsx", "scripts/proto-deps.ts")];
const lanes: Step[][] = [
  [
    programStep("types", "tsc", "--noEmit"),
    programStep("types of the client's example", "tsc", "--noEmit", "-p", "docs/client"),
    programStep("style", "biome", "ci", "--colors=off"),
  ],
  [
    programStep("buf format", "buf", "format", "--diff", "--exit-code", "proto"),
    programStep("buf lint", "buf", "lint"),
    schemaIsCompatible(against),
    generatedCodeIsCurrent,
    openapiIsCurrent,
    programStep("OpenAPI document", "redocly", "lint"),
    programStep("generated docs are current", "tsx", "scripts/docs.ts", "--check"),
  ],
];

type Result = readonly [Step, Finding];

async function inOrder(steps: readonly Step[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const step of steps) {
    const begin = performance.now();
    const finding = await step.check();
    print(progressLine(step, finding, (performance.now() - begin) / 1000));
    results.push([step, finding]);
  }
  return results;
}

function progressLine({ name }: Step, finding: Finding, seconds: number): string {
  const words = { holds: "ok", fails: "FAILS", skipped: "skipped" } satisfies Record<Finding["kind"], string>;
  const reason = finding.kind === "skipped" ? `: ${finding.reason}` : "";
  return `${words[finding.kind].padEnd(8)} ${name}${reason} (${seconds.toFixed(1)} s)`;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

const results = await inOrder(preparation);
results.push(...(await Promise.all(lanes.map(inOrder))).flat());

const failures = results.flatMap(([{ name }, finding]) =>
  finding.kind === "fails" ? [{ name, finding }] : [],
);
for (const { name, finding } of failures) print(`\n--- ${name}\n${finding.report}`);
print(
  failures.length === 0
    ? `\nAll ${results.length} checks hold.`
    : `\n${failures.length} of ${results.length} checks fail: ${failures.map(({ name }) => name).join(", ")}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
