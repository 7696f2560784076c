import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { SessionSchema } from "../../../gen/barong/entities/v1/session_pb.js";
import type { Session } from "./sessions.js";

export const sessionView = (
  { id, ip, userAgent, createdAt, lastSeenAt, expiresAt }: Session,
  current: boolean,
): MessageInitShape<typeof SessionSchema> => ({
  id: BigInt(id),
  userIp: ip,
  userAgent,
  current,
  createdAt: timestampFromDate(createdAt),
  lastSeenAt: timestampFromDate(lastSeenAt),
  expiresAt: timestampFromDate(expiresAt),
});
