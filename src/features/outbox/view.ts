import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type ParcelSchema, ParcelState } from "../../../gen/barong/entities/v1/parcel_pb.js";
import type { ShownParcel } from "./parcels.js";
import type { ListedRow, ParcelState as State } from "./store.js";

const STATES: Record<State, ParcelState> = {
  waiting: ParcelState.WAITING,
  sent: ParcelState.SENT,
  dead: ParcelState.DEAD,
  dropped: ParcelState.DROPPED,
};

/** The state as rows have it; undefined for none. */
export const stateOf = (asked: ParcelState | undefined): State | undefined =>
  (Object.keys(STATES) as State[]).find((state) => STATES[state] === asked);

export function parcelView(
  row: ListedRow,
  { uid, contents }: { readonly uid: string | undefined; readonly contents?: ShownParcel["contents"] },
): MessageInitShape<typeof ParcelSchema> {
  const { id, messageId, channel, topic, state, attempts, lastError, createdAt, availableAt } = row;
  return {
    id: BigInt(id),
    messageId,
    channel,
    topic,
    state: STATES[state],
    attempts,
    createdAt: timestampFromDate(createdAt),
    ...(uid !== undefined && { uid }),
    ...(lastError !== null && { lastError }),
    ...(state === "waiting" && { availableAt: timestampFromDate(availableAt) }),
    ...(row.expiresAt !== null && { expiresAt: timestampFromDate(row.expiresAt) }),
    ...(row.finishedAt !== null && { finishedAt: timestampFromDate(row.finishedAt) }),
    ...(contents !== undefined && { contents }),
  };
}
