import type { UserService } from "../../../gen/barong/admin/v1/user_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { rangeOf } from "../../platform/page.js";
import type { Directory } from "../accounts/directory.js";
import { stateOf, userView } from "../accounts/view.js";
import type { Staff } from "./staff.js";
import { fullView, recordView, roleOf } from "./view.js";

export interface StaffHandlersNeeds {
  readonly directory: Directory;
  readonly staff: Staff;
}

export const staffHandlers = ({ directory, staff }: StaffHandlersNeeds): Handlers<typeof UserService> => ({
  async listUsers(request) {
    const { rows, total } = await directory.list(rangeOf(request));
    return { users: rows.map(userView), total: BigInt(total) };
  },

  async searchUsers({ field = "", value = "", page, limit }) {
    const range = rangeOf({ page, limit });
    const { rows, total } = await directory.search({ field, value }, range);
    return { users: rows.map(recordView), total: BigInt(total) };
  },

  async getUser({ uid = "" }) {
    return { user: fullView(await staff.everythingOf(uid)) };
  },

  async updateUser({ uid = "", state, otp, role }, { caller }) {
    await staff.change(caller, uid, {
      state: state === undefined ? undefined : stateOf(state),
      role: role === undefined ? undefined : roleOf(role),
      otp,
    });
    return {};
  },
});
