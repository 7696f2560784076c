import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Finding, root, runProgram, type Step } from "./step.js";
import { inTemporaryFolder } from "./temporary-folder.js";

/** Generates elsewhere and compares, so that a check never changes the working tree. */
export const generatedCodeIsCurrent: Step = {
  name: "generated code is current",
  check: () =>
    inTemporaryFolder(async (folder) => {
      const generation = await runProgram("buf", ["generate", "--output", folder]);
      return generation.kind === "holds" ? compare(join(root, "gen"), join(folder, "gen")) : generation;
    }),
};

function compare(committed: string, fresh: string): Finding {
  const names = new Set([...filesBelow(committed), ...filesBelow(fresh)]);
  const differences = [...names].sort().flatMap((name) => {
    const difference = differenceOf(join(committed, name), join(fresh, name));
    return difference ? [`  ${difference}  gen/${name}`] : [];
  });
  if (differences.length === 0) return { kind: "holds" };
  return {
    kind: "fails",
    report: ["gen/ differs from proto/; run: npm run generate", ...differences].join("\n"),
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
