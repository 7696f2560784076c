import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";

/** Where `npm run bench` compiles the servers to; a folder of its own, so that a build meanwhile changes nothing. */
export const BUILD = join(import.meta.dirname, "../.cache/bench");

const START_MS = 120_000;

export interface Ports {
  readonly http: number;
  readonly grpc: number;
}

/** A server in a process of its own, on ports of the loopback interface. */
export interface ServerProcess extends Ports {
  /** Time that all threads of the process have spent on a processor, in user and kernel mode. */
  cpuMicroseconds(): Promise<number>;
  /** Memory that the process has at present (RSS). */
  memoryBytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface Launch {
  /** Unique; names its profile. */
  readonly name: string;
  /** Compiled file, relative to the build. */
  readonly program: string;
  readonly args?: (ports: Ports) => readonly string[];
  readonly environment?: (ports: Ports) => Readonly<Record<string, string>>;
  /** Keeps a CPU profile of the process in this folder. */
  readonly profiles?: string | undefined;
}

/** Starts a server and waits until it answers. Throws when it ends instead. */
export async function startServer(launch: Launch): Promise<ServerProcess> {
  const { name, program, args = () => [], environment = () => ({}), profiles } = launch;
  const ports = { http: await freePort(), grpc: await freePort() };
  const profiling =
    profiles === undefined
      ? []
      : ["--cpu-prof", `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`];
  const probe = join(BUILD, "bench/servers/probe.js");
  const child = spawn(
    process.execPath,
    [...profiling, "--import", probe, join(BUILD, program), ...args(ports)],
    // Nothing of this process's environment: it could configure the server.
    { env: environment(ports), stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  try {
    await answering(child, program, ports.http);
  } catch (fault) {
    child.kill();
    throw fault;
  }
  return {
    ...ports,
    async cpuMicroseconds() {
      const answer = once(child, "message");
      child.send("cpu");
      const [{ user, system }] = (await answer) as [NodeJS.CpuUsage];
      return user + system;
    },
    async memoryBytes() {
      const answer = once(child, "message");
      child.send("memory");
      const [bytes] = (await answer) as [number];
      return bytes;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

async function answering(child: ChildProcess, program: string, port: number): Promise<void> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`${program} ended with code ${child.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer) {
      await answer.arrayBuffer();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${program} did not answer within ${START_MS} ms`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("a listener without a port");
  return address.port;
}
