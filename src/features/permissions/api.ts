import type {
  CreatePermissionRequest,
  PermissionService,
  UpdatePermissionRequest,
} from "../../../gen/barong/admin/v1/permission_service_pb.js";
import { PermissionAction, PermissionCaller } from "../../../gen/barong/entities/v1/permission_pb.js";
import type { Handlers } from "../../platform/call.js";
import { rangeOf } from "../../platform/page.js";
import type { Permissions, PermissionTerms } from "./permissions.js";
import { actionOf, callerOf, permissionView } from "./view.js";

/** `explainVerdict` is given, for the verdict is not made of permissions alone. */
export const permissionHandlers = (
  permissions: Permissions,
  explainVerdict: Handlers<typeof PermissionService>["explainVerdict"],
): Handlers<typeof PermissionService> => ({
  async listPermissions(request) {
    const { rows, total } = await permissions.list(rangeOf(request));
    return { permissions: rows.map(permissionView), total: BigInt(total) };
  },

  async createPermission(request, hand) {
    return { permission: permissionView(await permissions.create(termsOf(request), hand)) };
  },

  async updatePermission({ id = 0n, ...request }, hand) {
    return { permission: permissionView(await permissions.update(Number(id), givenIn(request), hand)) };
  },

  async deletePermission({ id = 0n }, hand) {
    await permissions.delete(Number(id), hand);
    return {};
  },

  explainVerdict,
});

const termsOf = ({
  role = "",
  verb = "",
  path = "",
  action = PermissionAction.UNSPECIFIED,
  caller = PermissionCaller.ANY,
  minLevel,
  label,
  scope,
  topic,
}: Wanted): PermissionTerms => ({
  role,
  verb,
  path,
  action: actionOf(action),
  caller: callerOf(caller),
  minLevel: minLevel ?? null,
  label: label ?? null,
  scope: scope ?? null,
  topic: topic ?? null,
});

function givenIn({ role, verb, path, action, caller, minLevel, label, scope, topic }: Wanted) {
  return {
    ...(role !== undefined && { role }),
    ...(verb !== undefined && { verb }),
    ...(path !== undefined && { path }),
    ...(action !== undefined && { action: actionOf(action) }),
    ...(caller !== undefined && { caller: callerOf(caller) }),
    ...(minLevel !== undefined && { minLevel }),
    ...(label !== undefined && { label }),
    ...(scope !== undefined && { scope }),
    ...(topic !== undefined && { topic }),
  };
}

type Wanted = Omit<CreatePermissionRequest | UpdatePermissionRequest, "$typeName" | "$unknown" | "id">;
