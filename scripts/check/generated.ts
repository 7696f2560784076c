import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Finding, root, runProgram, type Step } from "./step.js";
import { inTemporaryFolder } from "./temporary-folder.js";

/** Generates elsewhere and compares, so that a check never changes the working tree. */
const isCurrent = (name: string, output: string, ...args: string[]): Step => ({
  name,
  check: () =>
    inTemporaryFolder(async (folder) => {
      const generation = await runProgram("buf", ["generate", "--output", folder, ...args]);
      return generation.kind === "holds" ? compare(output, folder) : generation;
    }),
});

export const generatedCodeIsCurrent = isCurrent("generated code is current", "gen");

export const openapiIsCurrent = isCurrent(
  "OpenAPI document is current",
  "docs/openapi",
  "--template",
  "buf.gen.openapi.yaml",
);

function compare(output: string, folder: string): Finding {
  const [committed, fresh] = [join(root, output), join(folder, output)];
  const names = new Set([...filesBelow(committed), ...filesBelow(fresh)]);
  const differences = [...names].sort().flatMap((name) => {
    const difference = differenceOf(join(committed, name), join(fresh, name));
    return difference ? [`  ${difference}  ${output}/${name}`] : [];
  });
  if (differences.length === 0) return { kind: "holds" };
  return {
    kind: "fails",
    report: [`${output}/ differs from proto/; run: npm run generate`, ...differences].join("\n"),
  };
}

function differenceOf(committed: string, fresh: string): string | undefined {
  if (!existsSync(committed)) return "missing";
  if (!existsSync(fresh)) return "surplus";
  return readFileSync(committed).equals(readFileSync(fresh)) ? undefined : "changed";
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
