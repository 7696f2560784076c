import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Report, Unavailable } from "./recipe.js";

const PATIENCE_SECONDS = 300;

let earlier: Promise<void> = Promise.resolve();

/** Installs packages from the machine's own Debian or Ubuntu mirror. Throws `Unavailable` elsewhere, and without root. */
export function installPackages(packages: readonly string[], report: Report): Promise<void> {
  // One after the other: package lists must not change under an installation.
  const installation = earlier.then(() => install(packages, report));
  earlier = installation.catch(() => undefined);
  return installation;
}

async function install(packages: readonly string[], report: Report): Promise<void> {
  if (!existsSync("/etc/debian_version") || !existsSync("/usr/bin/apt-get")) {
    throw new Unavailable("this is neither Debian nor Ubuntu");
  }
  if (process.getuid?.() !== 0) throw new Unavailable("needs root");
  report(`installing ${packages.join(" ")} by apt-get`);
  await aptGet(["update"]);
  await withoutServices(() =>
    // Never at the price of another product which the machine's owner has installed.
    aptGet(["install", "-y", "--no-install-recommends", "--no-remove", ...packages]),
  );
}

/** Asked by everything in a package that would start a service. */
const POLICY = "/usr/sbin/policy-rc.d";

/** What is installed here is a program for the tests: the machine does not begin to serve anything by it. */
async function withoutServices(installation: () => Promise<void>): Promise<void> {
  // Who has one already has decided.
  if (existsSync(POLICY)) return installation();
  writeFileSync(POLICY, policyOf(process.pid), { mode: 0o755, flag: "wx" });
  const remove = () => rmSync(POLICY, { force: true });
  process.once("exit", remove);
  try {
    await installation();
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** Says no while we live; a copy that a killed run has left says yes, and goes. */
const policyOf = (owner: number): string =>
  ["#!/bin/sh", `kill -0 ${owner} 2>/dev/null && exit 101`, 'rm -f "$0"', "exit 0", ""].join("\n");

async function aptGet(args: readonly string[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_SECONDS * 1000;
  for (;;) {
    const { exitCode, complaints } = await runAptGet(args);
    if (exitCode === 0) return;
    // apt waits for the lock of dpkg by itself, but not for that of the package lists.
    if (!complaints.includes("Could not get lock") || performance.now() > deadline) {
      throw new Error(`apt-get ${args[0]} failed: ${complaints.trim().split("\n").slice(-5).join(" | ")}`);
    }
    await sleep(2000);
  }
}

function runAptGet(args: readonly string[]): Promise<{ exitCode: number | null; complaints: string }> {
  return new Promise((resolve, reject) => {
    // In its own group and ended by SIGINT alone: apt-get then lets dpkg finish what it has begun to unpack.
    const child = spawn("apt-get", ["-qq", "-o", `DPkg::Lock::Timeout=${PATIENCE_SECONDS}`, ...args], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    });
    const interrupt = () => child.kill("SIGINT");
    process.once("exit", interrupt);
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaints += text;
    });
    child.once("error", reject);
    child.once("close", (exitCode) => {
      process.off("exit", interrupt);
      resolve({ exitCode, complaints });
    });
  });
}
