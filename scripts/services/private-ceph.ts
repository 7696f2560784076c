import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { uuid } from "../../src/platform/random.js";
import { cephConfiguration, POOLS } from "./ceph-configuration.js";
import { findProgram, freePort, output } from "./programs.js";
import { Unavailable } from "./recipe.js";
import type { Run } from "./run.js";
import { startServer } from "./server.js";

const NAMES = ["ceph-mon", "ceph-osd", "radosgw", "ceph", "monmaptool", "radosgw-admin"] as const;

type Name = (typeof NAMES)[number];

export interface PrivateCeph {
  /** The full path of the gateway's program. */
  readonly program: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Never resolves; rejects with the tail of a log when one of the three servers ends. */
  readonly ended: Promise<never>;
}

/**
 * Starts a Ceph of the current user in a folder of the run: a monitor, a store that keeps everything in memory, and
 * the S3 gateway on `port`, which may not answer yet. `folders` is where to look for programs.
 */
export async function startPrivateCeph(
  run: Run,
  { port, folders }: { port: number; folders: readonly string[] },
): Promise<PrivateCeph> {
  const programs = findPrograms(folders);
  const folder = run.newFolder("ceph");
  for (const name of ["mon", "osd", "run", "log", "rgw"]) mkdirSync(join(folder, name));
  const configuration = join(folder, "ceph.conf");
  const clusterId = uuid();
  const monitorPort = await freePort();
  writeFileSync(configuration, cephConfiguration({ folder, clusterId, monitorPort }), { mode: 0o600 });

  const endings: Promise<never>[] = [];
  const start = (name: Name, ...args: string[]) => {
    const log = join(folder, "log", `${name}.out`);
    // -f: in the foreground, where the group of processes is the one that was noted.
    endings.push(startServer(run, programs[name], ["-c", configuration, "-f", ...args], log));
  };
  const command = (name: Name, args: readonly string[], input?: string) => {
    const done = output(programs[name], ["-c", configuration, ...args], {
      timeoutSeconds: 60,
      ...(input !== undefined && { input }),
    });
    // Commands wait for servers, also for those that have ended.
    return Promise.race([done, ...endings]);
  };

  const map = join(folder, "monmap");
  // With the port of the configuration alone, a monitor quietly takes the one which all monitors share.
  const address = ["--addv", "a", `[v2:127.0.0.1:${monitorPort}]`];
  await output(programs.monmaptool, ["--create", "--fsid", clusterId, ...address, map], {
    timeoutSeconds: 20,
  });
  await command("ceph-mon", ["-i", "a", "--mkfs", "--monmap", map]);
  start("ceph-mon", "-i", "a");

  const storeId = uuid();
  await command("ceph", ["osd", "new", storeId]);
  await command("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", storeId]);
  start("ceph-osd", "-i", "0");

  // The gateway would make them by itself, but takes two seconds for each.
  await command("ceph", [], POOLS.map((pool) => `osd pool create ${pool} 1 1 replicated\n`).join(""));
  const user = await command("radosgw-admin", ["user", "create", "--uid=barong", "--display-name=barong"]);
  // Without tcp_nodelay every answer is 40 ms late.
  start("radosgw", "-n", "client.rgw.a", `--rgw-frontends=beast endpoint=127.0.0.1:${port} tcp_nodelay=1`);

  const ended = Promise.race(endings);
  ended.catch(() => undefined);
  return { program: programs.radosgw, ...keysIn(user), ended };
}

function findPrograms(folders: readonly string[]): Readonly<Record<Name, string>> {
  const find = (name: Name) => {
    const program = findProgram([name], folders);
    if (program === undefined) throw new Unavailable(`no ${name} on PATH or in the usual folders`);
    return [name, program] as const;
  };
  return Object.fromEntries(NAMES.map(find)) as Record<Name, string>;
}

function keysIn(description: string): { accessKey: string; secretKey: string } {
  const { keys }: { keys: { access_key: string; secret_key: string }[] } = JSON.parse(description);
  const [first] = keys;
  if (!first) throw new Error("radosgw-admin made a user without keys");
  return { accessKey: first.access_key, secretKey: first.secret_key };
}
