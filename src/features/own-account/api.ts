import type { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { rangeOf } from "../../platform/page.js";
import type { OwnSessionIn } from "../accounts/accounts.js";
import { userView } from "../accounts/view.js";
import type { Activities } from "../activities/activities.js";
import { activityView } from "../activities/view.js";
import type { PasswordChange } from "./password-change.js";

export interface OwnAccountNeeds {
  readonly passwordChange: PasswordChange;
  readonly activities: Activities;
  readonly ownSessionIn: OwnSessionIn;
}

export const ownAccountHandlers = ({
  passwordChange,
  activities,
  ownSessionIn,
}: OwnAccountNeeds): Handlers<typeof UserService> => ({
  // Only active accounts are callers, and the row has just been read to find out.
  async getMe(_request, { caller }) {
    return { user: userView({ ...caller, state: "active" }) };
  },

  async changePassword({ oldPassword = "", newPassword = "", confirmPassword = "" }, call) {
    const { caller, audit } = call;
    const passwords = { oldPassword, newPassword, confirmation: confirmPassword };
    await passwordChange.change(caller, passwords, audit, ownSessionIn(call));
    return {};
  },

  async listActivities({ topic = "", page, limit }, { caller }) {
    const range = rangeOf({ page, limit });
    const { rows, total } = await activities.list(caller.accountId, topic, range);
    return { activities: rows.map(activityView), total: BigInt(total) };
  },
});
