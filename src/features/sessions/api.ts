import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { SessionService } from "../../../gen/barong/identity/v1/session_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { captchaAnswerIn } from "../../platform/captcha-answer.js";
import { Failure } from "../../platform/failure.js";
import { userView } from "../accounts/view.js";
import { clearingCookie, deviceIn, settingCookie, settingDeviceCookie, tokenIn } from "./cookie.js";
import { DEVICE_SECONDS } from "./devices.js";
import { cookieMayAct, mayBecomeSession, type TrustedOrigins } from "./rules.js";
import type { Sessions } from "./sessions.js";

export interface CookieSettings {
  readonly lifetimeSeconds: number;
  readonly secureCookie: boolean;
  readonly origins: TrustedOrigins;
}

export const sessionHandlers = (
  sessions: Sessions,
  { lifetimeSeconds, secureCookie, origins }: CookieSettings,
): Handlers<typeof SessionService> => ({
  async createSession(request, { requestHeader, responseHeader, audit }) {
    if (!mayBecomeSession(requestHeader, origins)) throw new Failure(ErrorReason.ORIGIN_REFUSED);
    const { email = "", password = "", otpCode, captchaResponse, recaptchaResponse } = request;
    const captchaAnswer = captchaAnswerIn(captchaResponse, recaptchaResponse);
    const kept = { replaces: tokenIn(requestHeader), device: deviceIn(requestHeader) };
    const credentials = { email, password, otpCode, captchaAnswer, ...kept };
    const { account, token, device } = await sessions.open(credentials, audit);
    responseHeader.append("set-cookie", settingCookie(token, lifetimeSeconds, secureCookie));
    responseHeader.append("set-cookie", settingDeviceCookie(device, DEVICE_SECONDS, secureCookie));
    return { user: userView(account) };
  },

  async deleteSession(_request, { requestHeader, responseHeader, audit }) {
    if (!cookieMayAct(requestHeader, origins)) throw new Failure(ErrorReason.ORIGIN_REFUSED);
    await sessions.close(tokenIn(requestHeader), audit);
    responseHeader.append("set-cookie", clearingCookie(secureCookie));
    return {};
  },
});
