import type { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { userView } from "./view.js";

export const ownAccountHandlers: Handlers<typeof UserService> = {
  // Only active accounts are callers, and the row has just been read to find out.
  async getMe(_request, { caller }) {
    return { user: userView({ ...caller, state: "active" }) };
  },
};
