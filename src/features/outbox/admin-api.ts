import type { OutboxService } from "../../../gen/barong/admin/v1/outbox_service_pb.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Handlers } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import { rangeOf } from "../../platform/page.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import type { Outbox } from "./outbox.js";
import type { OutboxRow } from "./store.js";
import { parcelView, stateOf } from "./view.js";

export interface OutboxApiNeeds {
  readonly accounts: Pick<Accounts, "byUid" | "uidsOf">;
  readonly activities: Pick<Activities, "noted">;
  readonly outbox: Outbox;
}

export const outboxHandlers = ({
  accounts,
  activities,
  outbox,
}: OutboxApiNeeds): Handlers<typeof OutboxService> => {
  async function idOf(uid: string): Promise<number> {
    const account = await accounts.byUid(uid);
    if (!account) throw new Failure(ErrorReason.ADMIN_USER_NOT_FOUND);
    return account.id;
  }

  async function uidOf({ userId }: OutboxRow): Promise<string | undefined> {
    return userId === null ? undefined : (await accounts.uidsOf([Number(userId)])).get(Number(userId));
  }

  return {
    async listParcels({ state, channel, topic, uid, page, limit }) {
      const userId = uid === undefined ? undefined : await idOf(uid);
      const filter = { state: stateOf(state), channel, topic, userId };
      const { rows, total } = await outbox.list(filter, rangeOf({ page, limit }));
      const ids = rows.flatMap((row) => (row.userId === null ? [] : [Number(row.userId)]));
      const uids = await accounts.uidsOf(ids);
      const parcels = rows.map((row) => parcelView(row, { uid: uids.get(Number(row.userId)) }));
      return { parcels, total: BigInt(total) };
    },

    async getParcel({ id = 0n }) {
      const { row, contents } = await outbox.inspect(Number(id));
      return { parcel: parcelView(row, { uid: await uidOf(row), contents }) };
    },

    async resendParcel({ id = 0n }, { caller, audit }) {
      const facts = { parcel: Number(id) };
      const row = await outbox.resend(Number(id), (tx) =>
        activities.noted(audit, caller.accountId, { result: "succeed", facts }, tx),
      );
      return { parcel: parcelView(row, { uid: await uidOf(row) }) };
    },
  };
};
