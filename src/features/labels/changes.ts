import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Account } from "../accounts/accounts.js";
import type { Events } from "../events/events.js";
import type { Levels } from "../levels/levels.js";
import { verdictIn } from "./rules.js";
import { type Label, type LabelStore, UNIQUE_KEY } from "./store.js";

export interface LabelChangesNeeds {
  readonly store: LabelStore;
  readonly levels: Levels;
  readonly events: Events;
  readonly clock: Clock;
  /** Called when a private label of an account has changed. */
  onPrivateChanged(owner: Pick<Account, "id">, tx: Tx): void;
}

type Owner = Pick<Account, "id" | "uid" | "email">;

/**
 * Changes of labels with all that follows from them. The account must be locked by `tx`: else two changes at the same time would
 * each miss the other when the level is derived.
 */
export function createLabelChanges({ store, levels, events, clock, onPrivateChanged }: LabelChangesNeeds) {
  async function follow(owner: Owner, label: Pick<Label, "key" | "value" | "scope">, tx: Tx): Promise<void> {
    if (label.scope === "public") return;
    onPrivateChanged(owner, tx);
    const labels = await store.of(owner.id, tx);
    await levels.refresh(
      owner,
      labels.filter(({ scope }) => scope === "private"),
      tx,
    );
    const name = verdictIn(label)?.event;
    if (name === undefined) return;
    const { id: accountId, uid, email } = owner;
    await events.record({ name, accountId, payload: { uid, email } }, tx);
  }

  return {
    /** Throws Failure(LABEL_KEY_TAKEN) when the account has a label with this key and scope. */
    async add(owner: Owner, wanted: Pick<Label, "key" | "value" | "scope">, tx: Tx): Promise<Label> {
      const now = clock();
      const fresh = { ...wanted, userId: owner.id, createdAt: now, updatedAt: now };
      const label = await store.insert(fresh, tx).catch((fault: unknown) => {
        if (isUniqueViolation(fault, UNIQUE_KEY))
          throw new Failure(ErrorReason.LABEL_KEY_TAKEN, { cause: fault });
        throw fault;
      });
      await follow(owner, label, tx);
      return label;
    },

    /** A label that has the value already is left as it is, and nobody is told. */
    async setValue(owner: Owner, label: Label, value: string, tx: Tx): Promise<Label> {
      if (label.value === value) return label;
      const changed = { ...label, value, updatedAt: clock() };
      await store.setValue(changed, tx);
      await follow(owner, changed, tx);
      return changed;
    },

    async remove(owner: Owner, label: Label, tx: Tx): Promise<void> {
      await store.delete(label.id, tx);
      await follow(owner, label, tx);
    },
  };
}
