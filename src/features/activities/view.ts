import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ActivitySchema } from "../../../gen/barong/entities/v1/activity_pb.js";
import type { Activity } from "./activities.js";

export const activityView = (activity: Activity): MessageInitShape<typeof ActivitySchema> => ({
  id: BigInt(activity.id),
  userId: BigInt(activity.userId),
  userIp: activity.userIp,
  userAgent: activity.userAgent,
  topic: activity.topic,
  action: activity.action,
  result: activity.result,
  ...(activity.data !== null && { data: activity.data }),
  createdAt: timestampFromDate(activity.createdAt),
});
