import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import { findProgram, freePort, output, programFolders } from "../../scripts/services/programs.js";
import { waitUntil } from "../../scripts/services/wait.js";
import { randomHex } from "../../src/platform/random.js";
import type { Certificate } from "./smtp-twin.js";

/**
 * The broker programs of this run: TEST_BROKERS names the kinds ("rabbitmq", or nothing), TEST_RABBITMQ says where one is. Unset, it is
 * RabbitMQ where its place is known. A kind without its place is an error, so that nobody believes to have tested it.
 */
export function testBrokers(): readonly string[] {
  const program = process.env.TEST_RABBITMQ;
  const kinds = (process.env.TEST_BROKERS ?? (program ? "rabbitmq" : "")).split(",").filter(Boolean);
  return kinds.map((kind) => {
    if (kind !== "rabbitmq") throw new Error(`TEST_BROKERS names ${kind}; known is rabbitmq`);
    if (!program) throw new Error("TEST_BROKERS names rabbitmq, but TEST_RABBITMQ does not say where it is");
    return program;
  });
}

export interface RabbitmqOptions {
  /** Lines of rabbitmq.conf, such as `max_message_size = 1000`. */
  readonly settings?: readonly string[];
  /** With it the broker also takes connections by TLS. */
  readonly certificate?: Certificate;
}

/** A broker in a folder of its own. It can be killed and started again on the same port, with what was durable. */
export interface Rabbitmq {
  readonly port: number;
  /** For the user guest, who may do everything. */
  readonly url: string;
  /** By TLS. */
  readonly secureUrl: string;
  /** As by `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves when it takes connections. */
  restart(): Promise<void>;
  /** Freezes it, as a machine that hangs, until the answer is called. */
  freeze(): Promise<() => void>;
  /** Runs rabbitmqctl, which takes a second or two. */
  control(...args: string[]): Promise<string>;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts the broker of this run for the tests of this file or `describe`, and ends it afterwards. */
export function startedRabbitmq(options: RabbitmqOptions = {}): Rabbitmq {
  let started: Rabbitmq | undefined;
  beforeAll(async () => {
    const [program] = testBrokers();
    if (program === undefined) throw new Error("this run has no broker: see testBrokers");
    started = await startRabbitmq(program, options);
  }, 120_000);
  afterAll(() => started?.stop());
  return new Proxy({} as Rabbitmq, {
    get(_target, name) {
      if (!started) throw new Error("the broker is started by beforeAll");
      return Reflect.get(started, name);
    },
  });
}

/** Starts a RabbitMQ as the present user, which takes some seconds. */
export async function startRabbitmq(
  program: string,
  { settings = [], certificate }: RabbitmqOptions = {},
): Promise<Rabbitmq> {
  const folder = await mkdtemp(join(tmpdir(), "barong-rabbitmq-"));
  const [port, securePort, epmdPort, distPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const environment = await prepare(folder, { port, epmdPort, distPort }, [
    ...settings,
    ...(certificate ? await tlsLines(folder, securePort, certificate) : []),
  ]);
  // Otherwise the broker starts one as a daemon, which would outlive the run.
  const epmd = spawn(epmdProgram(), ["-port", String(epmdPort), "-address", "127.0.0.1"], {
    stdio: "ignore",
    env: environment,
  });
  let server: ChildProcess | undefined;

  const pid = async () => Number(await readFile(environment.RABBITMQ_PID_FILE, "utf8"));

  async function start(): Promise<void> {
    await rm(environment.RABBITMQ_PID_FILE, { force: true });
    // In the group of the tests, so that it ends with them whatever happens.
    const child = spawn(program, [], { stdio: ["ignore", "pipe", "pipe"], env: environment });
    server = child;
    let spoken = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        spoken += text;
      });
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`RabbitMQ ended with ${code}:\n${spoken}`);
    });
    ended.catch(() => undefined);
    await waitUntil(() => greeted(port), { timeoutSeconds: 90, givenUp: ended });
  }

  async function kill(): Promise<void> {
    const child = server;
    if (child === undefined || child.exitCode !== null) return;
    if (existsSync(environment.RABBITMQ_PID_FILE)) killQuietly(await pid(), "SIGKILL");
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    server = undefined;
    await sleep(50);
  }

  async function stop(): Promise<void> {
    await kill();
    epmd.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  await start().catch(async (fault: unknown) => {
    await stop();
    throw fault;
  });
  return {
    port,
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    secureUrl: `amqps://guest:guest@127.0.0.1:${securePort}`,
    kill,
    restart: start,
    async freeze() {
      const frozen = await pid();
      process.kill(frozen, "SIGSTOP");
      await allStopped(frozen);
      return () => killQuietly(frozen, "SIGCONT");
    },
    control: (...args) =>
      output(join(dirname(program), "rabbitmqctl"), args, { timeoutSeconds: 60, environment }),
    stop,
  };
}

interface Ports {
  readonly port: number;
  readonly epmdPort: number;
  readonly distPort: number;
}

async function prepare(folder: string, { port, epmdPort, distPort }: Ports, settings: readonly string[]) {
  for (const name of ["mnesia", "log", "home"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "home", ".erlang.cookie"), randomHex(16), { mode: 0o400 });
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    "log.console = false",
    "log.file.level = warning",
    "disk_free_limit.absolute = 50MB",
    ...settings,
    "",
  ];
  await writeFile(join(folder, "rabbitmq.conf"), lines.join("\n"));
  await writeFile(join(folder, "enabled_plugins"), "[].");
  return {
    PATH: process.env.PATH,
    HOME: join(folder, "home"),
    LANG: "C.UTF-8",
    RABBITMQ_NODENAME: `barong${port}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    // It shares the machine with the tests.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
    RABBITMQ_CTL_ERL_ARGS: "+S 1:1",
  };
}

async function tlsLines(folder: string, port: number, { key, cert }: Certificate): Promise<string[]> {
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  await writeFile(keyFile, key, { mode: 0o600 });
  await writeFile(certFile, cert);
  return [
    `listeners.ssl.1 = 127.0.0.1:${port}`,
    `ssl_options.certfile = ${certFile}`,
    `ssl_options.keyfile = ${keyFile}`,
    "ssl_options.verify = verify_none",
  ];
}

function epmdProgram(): string {
  const program = findProgram(["epmd"], programFolders(process.env));
  if (program === undefined) throw new Error("RabbitMQ is here, but not the epmd of Erlang");
  return program;
}

/** It listens before it knows its users: the first who says hello is answered when everything is there. */
async function greeted(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write("AMQP\x00\x00\x09\x01");
    await once(socket, "data", { signal: AbortSignal.timeout(2000) });
  } finally {
    socket.destroy();
  }
}

/** A signal is there before each thread has heard of it; elsewhere than on Linux that cannot be seen. */
async function allStopped(pid: number): Promise<void> {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return sleep(200);
  const look = async (): Promise<void> => {
    for (const thread of await readdir(threads)) {
      const status = await readFile(join(threads, thread, "stat"), "utf8");
      if (!/\) T /.test(status)) throw new Error(`thread ${thread} of the broker still runs`);
    }
  };
  await waitUntil(look, { timeoutSeconds: 10 });
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
