import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { Events } from "../events/events.js";
import type { Levels } from "../levels/levels.js";
import type { Mails } from "../mails/mails.js";
import { createLabelChanges } from "./changes.js";
import { labelOf, labelShown, MOST_PUBLIC, normalised, verdictIn } from "./rules.js";
import type { Label, LabelScope, LabelStore } from "./store.js";

export type { Label, LabelScope } from "./store.js";

export interface LabelsNeeds {
  readonly database: Database;
  readonly store: LabelStore;
  readonly accounts: Accounts;
  readonly levels: Levels;
  readonly events: Events;
  readonly mails: Pick<Mails, "notify">;
  readonly clock: Clock;
}

/** Which label of an account. */
export interface LabelName {
  readonly key: string;
  readonly scope: LabelScope;
}

export function createLabels({ database, store, accounts, levels, events, mails, clock }: LabelsNeeds) {
  const watchers: ((account: Pick<Account, "id">) => void)[] = [];
  const changes = createLabelChanges({
    store,
    levels,
    events,
    clock,
    onPrivateChanged({ id }, tx) {
      for (const watcher of watchers) {
        watcher({ id });
        // Meanwhile others may have read what was true before.
        tx.afterCommit(() => watcher({ id }));
      }
    },
  });

  /** The account, locked until the transaction ends. */
  async function lock(id: number, tx: Tx, gone = ErrorReason.RECORD_NOT_FOUND): Promise<Account> {
    const account = await accounts.lock(id, tx);
    if (!account) throw new Failure(gone);
    return account;
  }

  async function changeOwn<T>(
    accountId: number,
    key: string,
    change: (account: Account, label: Label, tx: Tx) => Promise<T>,
  ): Promise<T> {
    return database.transaction(async (tx) => {
      const account = await lock(accountId, tx);
      const label = labelShown(await store.of(accountId, tx), key);
      if (!label) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      if (label.scope === "private") throw new Failure(ErrorReason.LABEL_PRIVATE);
      return change(account, label, tx);
    });
  }

  async function inAccountOf<T>(uid: string, work: (account: Account, tx: Tx) => Promise<T>): Promise<T> {
    const gone = ErrorReason.ADMIN_USER_NOT_FOUND;
    const account = await accounts.byUid(uid);
    if (!account) throw new Failure(gone);
    return database.transaction(async (tx) => work(await lock(account.id, tx, gone), tx));
  }

  async function named({ key, scope }: LabelName, { id }: Account, tx: Tx): Promise<Label> {
    const label = labelOf(await store.of(id, tx), key, scope);
    if (!label) throw new Failure(ErrorReason.ADMIN_LABEL_NOT_FOUND);
    return label;
  }

  /** What staff decide about somebody's documents, they say by a label. */
  async function tellVerdict(account: Account, label: Label, tx: Tx): Promise<void> {
    const verdict = verdictIn(label);
    if (verdict) await mails.notify(tx, account, verdict.notice);
  }

  return {
    /** All labels of an account, oldest first. */
    ofAccount: (accountId: number, tx?: Tx): Promise<Label[]> => store.of(accountId, tx),

    /** The private labels of an account, as `key:value`. */
    carriedBy: async (accountId: number): Promise<ReadonlySet<string>> =>
      new Set((await store.privateOf(accountId)).map(({ key, value }) => `${key}:${value}`)),

    /** From now on `watcher` is called, inside the transaction and after its commit, when a private label changes in this process. */
    onPrivateChanged: (watcher: (account: Pick<Account, "id">) => void) => void watchers.push(watcher),

    /** The label with a key; of two the public one. Throws Failure(RECORD_NOT_FOUND). */
    async find(accountId: number, key: string): Promise<Label> {
      const label = labelShown(await store.of(accountId), key);
      if (!label) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      return label;
    },

    /** Makes a public label for its owner. */
    create: (accountId: number, key: string, value: string): Promise<Label> =>
      database.transaction(async (tx) => {
        const account = await lock(accountId, tx);
        const label = await changes.add(account, wanted(key, value, "public"), tx);
        const labels = await store.of(accountId, tx);
        if (labels.filter(({ scope }) => scope === "public").length > MOST_PUBLIC)
          throw new Failure(ErrorReason.LABEL_LIMIT_REACHED);
        return label;
      }),

    /** Changes a public label for its owner. */
    change: (accountId: number, key: string, value: string): Promise<Label> =>
      changeOwn(accountId, key, (account, label, tx) =>
        changes.setValue(account, label, normalised(value), tx),
      ),

    /** Deletes a public label for its owner. */
    delete: (accountId: number, key: string): Promise<void> => changeOwn(accountId, key, changes.remove),

    /** Makes a label of either scope for staff. */
    async createFor(uid: string, { key, scope }: LabelName, value: string): Promise<void> {
      await inAccountOf(uid, async (account, tx) => {
        const label = await changes.add(account, wanted(key, value, scope), tx);
        await tellVerdict(account, label, tx);
      });
    },

    /** Changes a label of either scope for staff. */
    async changeFor(uid: string, name: LabelName, value: string): Promise<void> {
      await inAccountOf(uid, async (account, tx) => {
        const before = await named(name, account, tx);
        const label = await changes.setValue(account, before, normalised(value), tx);
        if (label.value !== before.value) await tellVerdict(account, label, tx);
      });
    },

    /** Deletes a label of either scope for staff. */
    deleteFor: (uid: string, name: LabelName): Promise<void> =>
      inAccountOf(uid, async (account, tx) => changes.remove(account, await named(name, account, tx), tx)),

    /** Creates or changes a private label, and the level that follows from it. */
    setPrivate: (account: Pick<Account, "id">, key: string, value: string, tx: Tx): Promise<void> =>
      setPrivate(account, key, () => value, tx),

    /** Notes that something waits to be looked at. What has been verified stays so. */
    setPendingUnlessVerified: (account: Pick<Account, "id">, key: string, tx: Tx): Promise<void> =>
      setPrivate(account, key, (present) => (present === "verified" ? present : "pending"), tx),
  };

  async function setPrivate(
    { id }: Pick<Account, "id">,
    key: string,
    valueAfter: (present: string | undefined) => string,
    tx: Tx,
  ): Promise<void> {
    const account = await lock(id, tx);
    const present = labelOf(await store.of(id, tx), key, "private");
    const value = valueAfter(present?.value);
    if (present) await changes.setValue(account, present, value, tx);
    else await changes.add(account, { key, value, scope: "private" }, tx);
  }
}

export type Labels = ReturnType<typeof createLabels>;

const wanted = (key: string, value: string, scope: LabelScope) => ({
  key: normalised(key),
  value: normalised(value),
  scope,
});
