import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let built = "";

// A process starts in half the time when it need not translate its sources first.
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "barong-built-"));
  await symlink(join(ROOT, "node_modules"), join(built, "node_modules"));
  await build({
    entryPoints: ["main", "migrate", "jwt-keys"].map((program) => join(ROOT, `src/${program}.ts`)),
    outdir: built,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
  });
});
afterAll(() => rm(built, { recursive: true, force: true }));

export type Environment = Readonly<Record<string, string>>;

/** A program of ours as a process of its own; killed, if it still runs, when the test ends. */
export class Running {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output = "";

  constructor(
    program: "main" | "migrate" | "jwt-keys",
    environment: Environment,
    args: readonly string[] = [],
  ) {
    this.child = spawn(...this.command(join(built, `${program}.mjs`), args), {
      cwd: built,
      // Nothing of this process's own settings: what a test does not name is not set.
      env: { PATH: process.env.PATH, HOME: tmpdir(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    onTestFinished(async () => {
      this.child.kill("SIGKILL");
      await this.ended();
    });
  }

  protected command(file: string, args: readonly string[]): [string, readonly string[]] {
    return [process.execPath, [file, ...args]];
  }

  /** Waits for its end and answers the exit code; null when a signal ended it. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
    return this.child.exitCode;
  }
}

/** A server on ports of its own. */
export class ServerProcess extends Running {
  constructor(environment: Environment) {
    super("main", { HTTP_PORT: "0", GRPC_PORT: "0", HTTP_HOST: "127.0.0.1", ...environment });
  }

  /** Waits until it listens; answers where. */
  async listening(): Promise<Listening> {
    let found: Listening | undefined;
    const look = () => {
      if (this.child.exitCode !== null) throw new Error(`the server has ended:\n${this.output}`);
      found = addressesIn(this.output);
      return found;
    };
    await expect.poll(look, { timeout: 20_000, interval: 20 }).toBeDefined();
    if (!found) throw new Error("the server does not listen");
    return found;
  }

  /** Asks it to end, and answers the exit code and the milliseconds that it took. */
  async stop(): Promise<{ readonly code: number | null; readonly ms: number }> {
    const began = performance.now();
    this.child.kill("SIGTERM");
    const code = await this.ended();
    return { code, ms: performance.now() - began };
  }
}

/** A server below a shell that does not hand signals on, which is how npm starts programs. */
export class ServerBelowShell extends ServerProcess {
  constructor(environment: Environment) {
    super({ npm_lifecycle_event: "start", ...environment });
  }

  protected override command(file: string): [string, readonly string[]] {
    return ["sh", ["-c", `"${process.execPath}" "${file}"; exit $?`]];
  }
}

export interface Listening {
  readonly http: string;
  readonly grpc: string;
}

/** From the banner of development mode, or the log line of production mode. */
function addressesIn(output: string): Listening | undefined {
  const [, http] =
    /REST, Connect +http:\/\/localhost:(\d+)/.exec(output) ?? /"http":(\d+)/.exec(output) ?? [];
  const [, grpc] = /gRPC +localhost:(\d+)/.exec(output) ?? /"grpc":(\d+)/.exec(output) ?? [];
  if (http === undefined || grpc === undefined) return undefined;
  return { http: `http://127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}` };
}

/** An empty folder; it goes when the test has ended. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "barong-process-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
