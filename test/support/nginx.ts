import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../scripts/services/programs.js";

const CONFIGURATION = join(import.meta.dirname, "../../docs/gateways/nginx.conf");

/**
 * The nginx programs of this run: TEST_GATEWAYS names the kinds ("nginx", or nothing), TEST_NGINX says where one is. Unset, it is nginx
 * where its place is known. A kind without its place is an error, so that nobody believes to have tested it.
 */
export function testGateways(): readonly string[] {
  const program = process.env.TEST_NGINX;
  const kinds = (process.env.TEST_GATEWAYS ?? (program ? "nginx" : "")).split(",").filter(Boolean);
  return kinds.map((kind) => {
    if (kind !== "nginx") throw new Error(`TEST_GATEWAYS names ${kind}; known is nginx`);
    if (!program) throw new Error("TEST_GATEWAYS names nginx, but TEST_NGINX does not say where it is");
    return program;
  });
}

/** Ports of the servers behind, all on 127.0.0.1. */
export interface Behind {
  readonly barong: number;
  readonly peatio: number;
  readonly ranger: number;
}

export interface Nginx {
  readonly port: number;
  /** What it has written into its error log. */
  complaints(): Promise<string>;
  close(): Promise<void>;
}

/** Starts nginx with docs/gateways/nginx.conf as the present user, and waits until it listens. */
export async function startNginx(program: string, behind: Behind): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "barong-nginx-"));
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  await mkdir(join(folder, "temp"));
  await writeFile(file, placed(await readFile(CONFIGURATION, "utf8"), { folder, port, behind }));

  const server = spawn(program, ["-c", file, "-g", globals()], { stdio: ["ignore", "ignore", "pipe"] });
  let spoken = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    spoken += text;
  });
  const complaints = async () => spoken + (await readFile(join(folder, "error.log"), "utf8").catch(() => ""));
  await listening(server, port).catch(async (cause: unknown) => {
    server.kill("SIGKILL");
    const said = await complaints();
    await rm(folder, { recursive: true, force: true });
    throw new Error(`nginx does not start:\n${said}`, { cause });
  });
  return {
    port,
    complaints,
    async close() {
      if (server.exitCode === null) {
        server.kill("SIGTERM");
        await once(server, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The configuration with this machine's addresses and places in it, and not a word else. Throws when a place is not there exactly once. */
function placed(text: string, { folder, port, behind }: { folder: string; port: number; behind: Behind }) {
  const places = [
    ["pid /run/nginx.pid;", `pid ${folder}/pid;`],
    ["error_log /var/log/nginx/error.log error;", `error_log ${folder}/error.log error;`],
    ["access_log /var/log/nginx/access.log;", `access_log off; ${temporaryFolders(folder)}`],
    ["proxy_cache_path /var/cache/nginx/refusals ", `proxy_cache_path ${folder}/refusals `],
    ["listen 8099;", `listen 127.0.0.1:${port};`],
    ["server barong:8080;", `server 127.0.0.1:${behind.barong};`],
    ["server peatio:8000;", `server 127.0.0.1:${behind.peatio};`],
    ["server ranger:8080;", `server 127.0.0.1:${behind.ranger};`],
  ] as const;
  return places.reduce((before, [place, replacement]) => {
    const [head, tail, ...more] = before.split(place);
    if (head === undefined || tail === undefined || more.length > 0)
      throw new Error(`nginx.conf has not exactly one "${place}"`);
    return `${head}${replacement}${tail}`;
  }, text);
}

/** Those built into the program belong to the system's own nginx. */
const temporaryFolders = (folder: string): string =>
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(folder, "temp", kind)};`)
    .join(" ");

/** Stays in the foreground; its workers are no other user than its master. */
const globals = (): string => ["daemon off;", ...(process.getuid?.() === 0 ? ["user root;"] : [])].join(" ");

async function listening(server: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error("it does not listen");
}
