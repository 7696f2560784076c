import type { ProfileService } from "../../../gen/barong/resource/v1/profile_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { Profiles } from "./profiles.js";
import { profileView } from "./view.js";

export const profileHandlers = (profiles: Profiles): Handlers<typeof ProfileService> => ({
  async getProfile(_request, { caller }) {
    return { profile: profileView(await profiles.get(caller.accountId)) };
  },

  async createProfile(told, { caller }) {
    const { firstName = "", lastName = "", dob = "", address = "", postcode = "", city = "" } = told;
    const { country = "", metadata } = told;
    const names = { firstName, lastName, dob, address, postcode, city, country };
    await profiles.create(caller.accountId, { ...names, metadata });
    return {};
  },
});
