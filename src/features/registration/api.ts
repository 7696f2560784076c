import type { UserService } from "../../../gen/barong/identity/v1/user_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { Captcha } from "../../ports/captcha/captcha.js";
import type { Recovery } from "../recovery/recovery.js";
import type { Registration } from "./registration.js";

export interface UserHandlersNeeds {
  readonly registration: Registration;
  readonly recovery: Recovery;
  readonly captcha: Captcha;
}

export const userHandlers = ({
  registration,
  recovery,
  captcha,
}: UserHandlersNeeds): Handlers<typeof UserService> => ({
  async createUser({ email = "", password = "", refid, lang }) {
    await registration.signUp({ email, password, referrerUid: refid, language: lang });
    return {};
  },

  registerGeetest: () => captcha.registerGeetest(),

  async sendConfirmation({ email = "", lang }) {
    await registration.resend(email, lang);
    return {};
  },

  async confirmEmail({ token = "" }) {
    await registration.confirm(token);
    return {};
  },

  async requestPasswordReset({ email = "", lang }, { audit }) {
    await recovery.request(email, lang, audit);
    return {};
  },

  async resetPassword({ resetPasswordToken = "", password = "", confirmPassword = "" }, { audit }) {
    await recovery.reset({ token: resetPasswordToken, password, confirmation: confirmPassword }, audit);
    return {};
  },
});
