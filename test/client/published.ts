import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

/** Compiles the client as it is published, elsewhere; answers the file that `barong/client` then stands for. */
export async function publishedClient(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "barong-client-"));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const options = ["-p", join(root, "tsconfig.client.json"), "--outDir", join(folder, "dist")];
  await promisify(execFile)(process.execPath, [compiler, ...options]);
  const { exports: entries } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return join(folder, entries["./client"].default);
}
