import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Audit, Caller } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Activities } from "../activities/activities.js";
import type { Labels } from "../labels/labels.js";
import { locksOut } from "./lock-out.js";
import { MOST_PERMISSIONS, normalised } from "./rules.js";
import type { Permission, PermissionStore, PermissionTerms } from "./store.js";

export interface PermissionChangesNeeds {
  readonly database: Database;
  readonly store: PermissionStore;
  readonly labels: Pick<Labels, "carriedBy">;
  readonly activities: Pick<Activities, "noted">;
  readonly clock: Clock;
  readonly ownPath: string;
  /** Puts what is committed in force; what cannot be read now, soon. */
  refresh(): Promise<void>;
}

/** Who changes permissions, and how the log names it. */
export interface Hand {
  readonly caller: Caller;
  readonly audit: Audit;
}

interface Change {
  /** What was there and is no more. */
  readonly before?: Permission;
  /** What is there now. */
  readonly after?: Permission;
}

/** Changes of permissions, one after the other. Each is in the log of who made it, and in force here when it is answered. */
export function createPermissionChanges(needs: PermissionChangesNeeds) {
  const { database, store, labels, activities, clock, ownPath, refresh } = needs;

  async function change<Made extends Change>(
    { caller, audit }: Hand,
    work: (present: readonly Permission[], tx: Tx) => Promise<Made>,
  ): Promise<Made> {
    const carried = await labels.carriedBy(caller.accountId);
    return database.transaction(async (tx) => {
      const present = (await store.lockAll(tx)).map(normalised);
      const made = await work(present, tx);
      if (locksOut({ caller, carried, ownPath }, present, afterChange(present, made)))
        throw new Failure(ErrorReason.PERMISSION_LOCKS_OUT);
      const { before, after } = made;
      const facts = { ...(before && { before: termsOf(before) }), ...(after && { after: termsOf(after) }) };
      await activities.noted(audit, caller.accountId, { result: "succeed", facts }, tx);
      tx.afterCommit(refresh);
      return made;
    });
  }

  return {
    /** Throws Failure(PERMISSION_LIMIT_REACHED), and PERMISSION_LOCKS_OUT as all changes do. */
    async create(terms: PermissionTerms, hand: Hand): Promise<Permission> {
      const { after } = await change(hand, async (present, tx) => {
        if (present.length >= MOST_PERMISSIONS) throw new Failure(ErrorReason.PERMISSION_LIMIT_REACHED);
        const now = clock();
        return { after: await store.insert({ ...normalised(terms), createdAt: now, updatedAt: now }, tx) };
      });
      return after;
    },

    /** Changes what is given. Throws Failure(RECORD_NOT_FOUND). */
    async update(id: number, terms: Partial<PermissionTerms>, hand: Hand): Promise<Permission> {
      const { after } = await change(hand, async (present, tx) => {
        const before = named(id, present);
        const changed = { ...before, ...normalised({ ...before, ...terms }), updatedAt: clock() };
        await store.replace(changed, tx);
        return { before, after: changed };
      });
      return after;
    },

    /** Throws Failure(RECORD_NOT_FOUND). */
    async delete(id: number, hand: Hand): Promise<void> {
      await change(hand, async (present, tx) => {
        const before = named(id, present);
        await store.delete(id, tx);
        return { before };
      });
    },
  };
}

function named(id: number, present: readonly Permission[]): Permission {
  const permission = present.find((each) => each.id === id);
  if (!permission) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
  return permission;
}

const afterChange = (present: readonly Permission[], { before, after }: Change): Permission[] => [
  ...present.filter(({ id }) => id !== before?.id),
  ...(after ? [after] : []),
];

/** A permission as the log tells it, in the words of the API. */
const termsOf = ({ createdAt: _created, updatedAt: _updated, minLevel, ...rest }: Permission) => ({
  ...rest,
  min_level: minLevel,
});
