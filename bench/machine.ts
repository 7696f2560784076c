import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";

/** Where and on what a run was made. */
export interface Circumstances {
  readonly startedAt: string;
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** Over the last minute, of all programs on the machine. */
  readonly loadBefore: number;
}

export function circumstances(now: Date): Circumstances {
  return {
    startedAt: now.toISOString(),
    commit: commit(),
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    loadBefore: loadOfMachine(),
  };
}

export const loadOfMachine = (): number => loadavg()[0] ?? 0;

function commit(): string {
  try {
    const changes = git("status", "--porcelain", "--", "src", "gen", "proto", "package-lock.json");
    return git("rev-parse", "--short", "HEAD") + (changes === "" ? "" : " and changes on top");
  } catch {
    return "unknown";
  }
}

const git = (...args: readonly string[]): string =>
  execFileSync("git", args, {
    cwd: join(import.meta.dirname, ".."),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
