import type { OtpService } from "../../../gen/barong/resource/v1/otp_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { OwnSessionIn } from "../accounts/accounts.js";
import type { Otp } from "./otp.js";

export const otpHandlers = (otp: Otp, ownSessionIn: OwnSessionIn): Handlers<typeof OtpService> => ({
  async generateQrCode(_request, { caller, audit }) {
    return { data: await otp.enrol(caller, audit) };
  },

  async enableOtp({ code = "" }, call) {
    await otp.enable(call.caller, code, call.audit, ownSessionIn(call));
    return {};
  },

  async verifyOtp({ code = "" }, { caller }) {
    await otp.verify(caller, code);
    return {};
  },
});
