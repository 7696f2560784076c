import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { execute, type Finding, git, root, runProgram, type Step } from "./step.js";
import { inTemporaryFolder } from "./temporary-folder.js";

/** No client of the last commit on main is broken. `against` names another commit to compare with. */
export const schemaIsCompatible = (against: string | undefined): Step => ({
  name: "buf breaking",
  async check() {
    const base = against ?? (await baseCommit());
    if (base === undefined)
      return { kind: "skipped", reason: "there is no earlier commit here to compare with" };
    const commit = await git("rev-parse", "--short", `${base}^{commit}`);
    if (commit === undefined) return { kind: "fails", report: `git knows no commit ${base}` };
    if (!(await git("ls-tree", commit, "proto"))) {
      return { kind: "skipped", reason: `commit ${commit} has no proto/ folder` };
    }
    return inTemporaryFolder((folder) => compareWith(commit, folder));
  },
});

/**
 * The published state the working tree builds upon: where a branch has left main; on main itself the last commit,
 * or the one before it when nothing is changed.
 */
async function baseCommit(): Promise<string | undefined> {
  const head = await git("rev-parse", "--verify", "--quiet", "HEAD");
  if (head === undefined) return undefined;
  const main = (await resolved("origin/main")) ?? (await resolved("main"));
  const fork = main && (await git("merge-base", main, head));
  if (fork && fork !== head) return fork;
  const changes = await git("status", "--porcelain");
  return changes ? head : resolved("HEAD^");
}

const resolved = (name: string) => git("rev-parse", "--verify", "--quiet", `${name}^{commit}`);

async function compareWith(commit: string, folder: string): Promise<Finding> {
  const archive = join(folder, "base.tar");
  const image = join(folder, "base.binpb");
  const unpacked = await firstFailure(
    ["git", ["archive", "--output", archive, commit, "proto", "buf.yaml"], root],
    ["tar", ["-xf", archive], folder],
  );
  if (unpacked) return unpacked;
  // What the schema imports is laid out from npm packages and in no commit.
  symlinkSync(join(root, ".cache"), join(folder, ".cache"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const build = await runProgram("buf", ["build", "proto", "--output", image], folder);
  if (build.kind !== "holds") return build;
  const comparison = await runProgram("buf", ["breaking", "proto", "--against", image, "--exclude-imports"]);
  if (comparison.kind !== "fails") return comparison;
  return { kind: "fails", report: `compared with commit ${commit}:\n${comparison.report}` };
}

async function firstFailure(...commands: [string, string[], string][]): Promise<Finding | undefined> {
  for (const [program, args, folder] of commands) {
    const { exitCode, output } = await execute(program, args, folder);
    if (exitCode !== 0) return { kind: "fails", report: output };
  }
  return undefined;
}
