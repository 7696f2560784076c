import type { Logger } from "../../platform/logger.js";
import { every, type Periodic } from "../../platform/periodic.js";
import { indexed, normalised, type PermissionIndex, refuseUnknownWords } from "./rules.js";
import type { PermissionStore } from "./store.js";

const SECONDS = 2;

export interface CopyNeeds {
  readonly store: Pick<PermissionStore, "all">;
  readonly logger: Logger;
}

/** The permissions in memory, read again and again. Until they are first read there are none, so that nobody passes. */
export function createCopy({ store, logger }: CopyNeeds) {
  let index: PermissionIndex = indexed([]);
  let held: string | undefined;
  let begun = 0;
  let newest = 0;
  let isFailing = false;
  let polling: Periodic | undefined;

  /** Throws when the permissions cannot be read, or not be understood; those read before stay in force. */
  async function reload(): Promise<void> {
    begun += 1;
    const turn = begun;
    const written = await store.all();
    // Who began to read later has seen all of this and perhaps more.
    if (turn < newest) return;
    newest = turn;
    const read = JSON.stringify(written);
    if (read === held) return;
    const permissions = written.map(normalised);
    permissions.forEach(refuseUnknownWords);
    index = indexed(permissions);
    held = read;
  }

  /** Never rejects: what cannot be read now is tried again by the next turn. */
  async function refresh(): Promise<void> {
    try {
      await reload();
      if (isFailing) logger.info({}, "the permissions can be read again");
      isFailing = false;
    } catch (fault) {
      if (!isFailing)
        logger.error(
          { stack: stackOf(fault) },
          "the permissions cannot be read; those read before stay in force",
        );
      isFailing = true;
    }
  }

  return {
    current: () => index,
    reload,
    refresh,
    start(): void {
      polling ??= every(SECONDS, "reading the permissions", refresh, logger);
    },
    async stop(): Promise<void> {
      await polling?.stop();
    },
  };
}

const stackOf = (fault: unknown): string | undefined =>
  fault instanceof Error ? fault.stack : String(fault);
