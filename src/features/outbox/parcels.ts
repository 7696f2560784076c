import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Paged, PageRange } from "../../platform/page.js";
import { SecretUnreadable, type Vault } from "../../platform/secrets.js";
import { contextOf } from "./sealing.js";
import type { ListedRow, OutboxFilter, OutboxRow, OutboxStore } from "./store.js";

export interface ParcelsNeeds {
  readonly database: Database;
  readonly store: OutboxStore;
  readonly vault: Vault;
  readonly clock: Clock;
  kick(channel: string): void;
}

/** A parcel as staff see it. */
export interface ShownParcel {
  readonly row: OutboxRow;
  /** What is in it, secrets and addresses masked; undefined when nothing of it is kept, or it cannot be read. */
  readonly contents: JsonObject | undefined;
}

/** What staff do with what leaves the house. */
export function createParcels({ database, store, vault, clock, kick }: ParcelsNeeds) {
  return {
    /** Newest first. */
    async list(filter: OutboxFilter, range: PageRange): Promise<Paged<ListedRow>> {
      const total = await store.count(filter);
      return { rows: range.offset < total ? await store.page(filter, range) : [], total };
    },

    /** Throws Failure(RECORD_NOT_FOUND). */
    async inspect(id: number): Promise<ShownParcel> {
      const row = await store.find(id);
      if (!row) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      return { row, contents: contentsOf(row) };
    },

    /**
     * Has what was given up tried again, with its name of before; `note` writes down who wanted it. Throws Failure(RECORD_NOT_FOUND),
     * PARCEL_NOT_RESENDABLE.
     */
    async resend(id: number, note: (tx: Tx) => Promise<void>): Promise<OutboxRow> {
      return database.transaction(async (tx) => {
        const row = await store.find(id, tx);
        if (!row) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        if (row.state !== "dead") throw new Failure(ErrorReason.PARCEL_NOT_RESENDABLE);
        const now = clock();
        // It would be dropped, and staff believe that it was sent.
        if (row.expiresAt !== null && row.expiresAt <= now)
          throw new Failure(ErrorReason.PARCEL_NOT_RESENDABLE);
        await store.revive(id, now, tx);
        await note(tx);
        tx.afterCommit(() => kick(row.channel));
        return {
          ...row,
          state: "waiting",
          attempts: 0,
          availableAt: now,
          leasedUntil: null,
          finishedAt: null,
        };
      });
    },
  };

  function contentsOf({ payload, channel, topic, userId }: OutboxRow): JsonObject | undefined {
    if (payload === "") return undefined;
    const accountId = userId === null ? null : Number(userId);
    try {
      return masked(
        JSON.parse(vault.open(payload, contextOf({ channel, topic, accountId })).toString("utf8")),
      );
    } catch (fault) {
      if (fault instanceof SecretUnreadable) return undefined;
      throw fault;
    }
  }
}

/** Fields that say nothing about a person and open nothing. */
const PLAIN = new Set([
  "name",
  "topic",
  "language",
  "uid",
  "state",
  "role",
  "level",
  "otp",
  "created_at",
  "updated_at",
  "at",
]);

/** The same with everything masked that is not known to be harmless. */
export function masked(payload: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      PLAIN.has(name) && typeof value !== "object" ? value : maskedValue(value),
    ]),
  );
}

function maskedValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(maskedValue);
  if (value !== null && typeof value === "object") return masked(value);
  if (typeof value === "string" && value !== "") return `${value.includes("@") ? value.slice(0, 1) : ""}***`;
  return value === null || value === "" ? value : "***";
}
