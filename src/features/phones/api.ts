import type { PhoneService } from "../../../gen/barong/resource/v1/phone_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { Phones } from "./phones.js";

const SENT = { message: "Code was sent successfully" };
const VERIFIED = { message: "Phone was verified successfully" };

export const phoneHandlers = (phones: Phones): Handlers<typeof PhoneService> => ({
  async createPhone({ phoneNumber = "" }, { caller, origin }) {
    await phones.add({ accountId: caller.accountId, ip: origin.ip }, phoneNumber);
    return SENT;
  },

  async sendCode({ phoneNumber = "" }, { caller, origin }) {
    await phones.sendCode({ accountId: caller.accountId, ip: origin.ip }, phoneNumber);
    return SENT;
  },

  async verifyPhone({ phoneNumber = "", verificationCode = "" }, { caller }) {
    await phones.verify(caller.accountId, phoneNumber, verificationCode);
    return VERIFIED;
  },
});
