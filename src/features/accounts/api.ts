import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { Accounts } from "./accounts.js";
import { userView } from "./view.js";

export const ownAccountHandlers = (accounts: Accounts): Handlers<typeof UserService> => ({
  async getMe(_request, { caller }) {
    const account = await accounts.byId(caller.accountId);
    if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
    return { user: userView(account) };
  },
});
