import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomHex } from "./random.js";

const LOCK_TRIES = 100;
const LOCK_PAUSE_MS = 50;

/**
 * Changes a file's text while no other process does so by this function. Whoever reads it finds the text of before or the new one, never
 * a part. `change` answers undefined to leave it as it is.
 */
export async function changeFile(file: string, change: (text: string) => string | undefined): Promise<void> {
  // What a link points at is replaced, not the link.
  const target = realpathSync(file);
  const lock = `${target}.lock`;
  await takeLock(lock);
  try {
    const text = change(readFileSync(target, "utf8"));
    if (text !== undefined) replaceFile(target, text);
  } finally {
    rmSync(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      closeSync(openSync(lock, "wx", 0o600));
      return;
    } catch (fault) {
      if (!(fault instanceof Error && "code" in fault && fault.code === "EEXIST")) throw fault;
    }
    if (tries === LOCK_TRIES)
      throw new Error(`another process is changing the file; if none is, one was killed: delete ${lock}`);
    await sleep(LOCK_PAUSE_MS);
  }
}

function replaceFile(file: string, text: string): void {
  const { mode, uid, gid } = statSync(file);
  const fresh = join(dirname(file), `.${basename(file)}.${randomHex(6)}`);
  const handle = openSync(fresh, "wx", 0o600);
  try {
    try {
      writeFileSync(handle, text);
      // Whom the file is for stays as it was, also when root changes it.
      const own = fstatSync(handle);
      if (own.uid !== uid || own.gid !== gid) fchownSync(handle, uid, gid);
      fchmodSync(handle, mode & 0o777);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(fresh, file);
  } catch (fault) {
    rmSync(fresh, { force: true });
    throw fault;
  }
  syncFolder(dirname(file));
}

/** The new name, too, must survive a power failure. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
