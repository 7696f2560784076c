import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  PermissionAction as ActionShown,
  PermissionCaller as CallerShown,
  type PermissionSchema,
} from "../../../gen/barong/entities/v1/permission_pb.js";
import type { Permission, PermissionAction, PermissionCaller } from "./store.js";

const actions: Record<PermissionAction, ActionShown> = {
  accept: ActionShown.ACCEPT,
  drop: ActionShown.DROP,
  audit: ActionShown.AUDIT,
};
const callers: Record<PermissionCaller, CallerShown> = {
  any: CallerShown.ANY,
  session: CallerShown.SESSION,
  api_key: CallerShown.API_KEY,
};

export const permissionView = (permission: Permission): MessageInitShape<typeof PermissionSchema> => ({
  id: BigInt(permission.id),
  role: permission.role,
  verb: permission.verb,
  path: permission.path,
  action: actions[permission.action],
  caller: callers[permission.caller],
  ...(permission.minLevel !== null && { minLevel: permission.minLevel }),
  ...(permission.label !== null && { label: permission.label }),
  ...(permission.scope !== null && { scope: permission.scope }),
  ...(permission.topic !== null && { topic: permission.topic }),
  createdAt: timestampFromDate(permission.createdAt),
  updatedAt: timestampFromDate(permission.updatedAt),
});

/** The action that a request names. */
export const actionOf = (shown: ActionShown): PermissionAction => wordOf(actions, shown);

/** The caller that a request names. */
export const callerOf = (shown: CallerShown): PermissionCaller => wordOf(callers, shown);

function wordOf<Word extends string>(words: Record<Word, number>, shown: number): Word {
  for (const word in words) if (words[word] === shown) return word;
  throw new Error(`there is no word for ${shown}`);
}
