import type { DescMethodUnary } from "@bufbuild/protobuf";
import { AuthzService } from "../../gen/barong/authz/v1/authz_service_pb.js";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { UserService as OwnAccountService } from "../../gen/barong/resource/v1/user_service_pb.js";
import { PASSWORD, type Started } from "../support/start-app.js";
import {
  active,
  awaiting,
  banned,
  forgetful,
  type Given,
  onAForeignPage,
  pending,
  withSecondFactor,
} from "./situations.js";

/** A call, and what must come of it through every door. */
export interface CallAndEffects {
  readonly does: string;
  readonly rest: string;
  readonly method: DescMethodUnary;
  /** Somebody who has an account of the needed kind; nobody unless given. */
  readonly given?: (app: Started) => Promise<Given>;
  readonly fields?: (given: Given) => Readonly<Record<string, string>>;
  readonly reasons: readonly string[];
  /** What the account's log tells of it: action, result, reason. */
  readonly log?: readonly (readonly string[])[];
  readonly mails?: number;
}

const users = UserService.method;
const sessions = SessionService.method;
const SIGN_UP = { rest: "POST /identity/users", method: users.createUser };
const CONFIRM = { rest: "POST /identity/users/email/confirm_code", method: users.confirmEmail };
const RESEND = { rest: "POST /identity/users/email/generate_code", method: users.sendConfirmation };
const FORGOT = { rest: "POST /identity/users/password/generate_code", method: users.requestPasswordReset };
const RESET = { rest: "POST /identity/users/password/confirm_code", method: users.resetPassword };
const SIGN_IN = { rest: "POST /identity/sessions", method: sessions.createSession };
const SIGN_OUT = { rest: "DELETE /identity/sessions", method: sessions.deleteSession };
const ASK = { method: AuthzService.method.authorize };
const ME = { rest: "GET /resource/users/me", method: OwnAccountService.method.getMe };

const credentials = ({ email }: Given) => ({ email, password: PASSWORD });
const newPassword = (token: string, password = "Gol4aid2", confirm_password = password) => ({
  reset_password_token: token,
  password,
  confirm_password,
});

/** Calls with good and with bad input. */
export const calls: readonly CallAndEffects[] = [
  {
    ...SIGN_UP,
    does: "sign-up without anything",
    reasons: ["email", "password"].flatMap((name) => [
      `identity.user.missing_${name}`,
      `identity.user.empty_${name}`,
    ]),
  },
  {
    ...SIGN_UP,
    does: "sign-up with blank texts",
    fields: () => ({ email: " ", password: "" }),
    reasons: ["identity.user.empty_email", "identity.user.empty_password"],
  },
  {
    ...SIGN_UP,
    does: "sign-up with texts too long",
    fields: () => ({ email: "e".repeat(256), password: "p".repeat(1025), lang: "l".repeat(36) }),
    reasons: ["identity.user.invalid_email", "identity.user.invalid_password", "identity.user.invalid_lang"],
  },
  {
    ...SIGN_UP,
    does: "sign-up with a bad address and a weak password",
    fields: () => ({ email: "bad_format", password: "password" }),
    reasons: ["email.invalid", "password.requirements", "password.password.password_strength"],
  },
  {
    ...SIGN_UP,
    does: "sign-up with an address that is taken",
    given: active,
    fields: credentials,
    reasons: ["email.taken"],
    log: [],
  },
  {
    ...SIGN_UP,
    does: "sign-up with a malformed referral id",
    fields: (given) => ({ ...credentials(given), refid: "UID1" }),
    reasons: ["identity.user.invalid_referral_format"],
  },
  {
    ...SIGN_UP,
    does: "sign-up with somebody unknown's referral id",
    fields: (given) => ({ ...credentials(given), refid: "ID0000000000" }),
    reasons: ["identity.user.referral_doesnt_exist"],
  },
  { ...SIGN_UP, does: "sign-up", fields: credentials, reasons: [], mails: 1, log: [] },
  {
    ...CONFIRM,
    does: "a confirmation without a token",
    reasons: ["identity.user.missing_token", "identity.user.empty_token"],
  },
  {
    ...CONFIRM,
    does: "a confirmation with a token of somebody's fancy",
    fields: () => ({ token: "garbage" }),
    reasons: ["jwt.decode_and_verify"],
  },
  { ...CONFIRM, does: "a confirmation", given: awaiting, fields: tokenOf, reasons: [], mails: 1, log: [] },
  { ...RESEND, does: "a resend", given: pending, fields: addressOf, reasons: [], mails: 1, log: [] },
  {
    ...RESEND,
    does: "a resend to an active account",
    given: active,
    fields: addressOf,
    reasons: ["identity.user.active_or_doesnt_exist"],
    log: [],
  },
  {
    ...FORGOT,
    does: "a reset asked for by nobody",
    fields: addressOf,
    reasons: ["identity.password.user_doesnt_exist"],
  },
  {
    ...FORGOT,
    does: "a reset asked for",
    given: active,
    fields: addressOf,
    reasons: [],
    log: [["request password reset", "succeed"]],
    mails: 1,
  },
  {
    ...RESET,
    does: "a reset without anything",
    reasons: [
      "identity.user.missing_pass_token",
      "identity.user.empty_reset_password_token",
      "identity.user.missing_password",
      "identity.user.empty_password",
      "identity.user.missing_confirm_password",
      "identity.user.empty_confirm_password",
    ],
  },
  {
    ...RESET,
    does: "a reset with two passwords",
    given: forgetful,
    fields: ({ token = "" }) => newPassword(token, "Gol4aid2", "Fai5aesoLEcx"),
    reasons: ["identity.user.passwords_doesnt_match"],
    log: [],
  },
  {
    ...RESET,
    does: "a reset to a weak password",
    given: forgetful,
    fields: ({ token = "" }) => newPassword(token, "password"),
    reasons: ["password.requirements", "password.password.password_strength"],
    log: [
      [
        "password reset",
        "failed",
        "Password does not meet the minimum requirements and Password is too weak",
      ],
    ],
  },
  {
    ...RESET,
    does: "a reset with a token of somebody's fancy",
    fields: () => newPassword("garbage"),
    reasons: ["jwt.decode_and_verify"],
  },
  {
    ...RESET,
    does: "a reset",
    given: forgetful,
    fields: ({ token = "" }) => newPassword(token),
    reasons: [],
    log: [["password reset", "succeed"]],
    mails: 1,
  },
  {
    ...SIGN_IN,
    does: "sign-in without anything",
    reasons: ["identity.session.missing_email", "identity.session.missing_password"],
  },
  {
    ...SIGN_IN,
    does: "sign-in by nobody",
    fields: credentials,
    reasons: ["identity.session.invalid_params"],
  },
  {
    ...SIGN_IN,
    does: "sign-in with a wrong password",
    given: active,
    fields: (given) => ({ ...addressOf(given), password: "Fai5aesoLEcx" }),
    reasons: ["identity.session.invalid_params"],
    log: [["login", "failed", "Invalid Email or Password"]],
  },
  {
    ...SIGN_IN,
    does: "sign-in before the confirmation",
    given: pending,
    fields: credentials,
    reasons: ["identity.session.not_active"],
    log: [["login", "failed", "Your account is not active"]],
  },
  {
    ...SIGN_IN,
    does: "sign-in of a banned account",
    given: banned,
    fields: credentials,
    reasons: ["identity.session.banned"],
    log: [["login", "failed", "Your account is banned"]],
  },
  {
    ...SIGN_IN,
    does: "sign-in without the second factor",
    given: withSecondFactor,
    fields: credentials,
    reasons: ["identity.session.missing_otp"],
    log: [["login::2fa", "failed", "The account has enabled 2FA but OTP code is missing"]],
  },
  {
    ...SIGN_IN,
    does: "sign-in",
    given: active,
    fields: credentials,
    reasons: [],
    log: [["login", "succeed"]],
  },
  { ...SIGN_OUT, does: "sign-out without a session", reasons: ["record.not_found"] },
  {
    ...SIGN_OUT,
    does: "sign-out from a foreign page",
    given: onAForeignPage,
    reasons: ["authz.origin_refused"],
    log: [],
  },
  {
    ...ASK,
    rest: "GET /auth/api/v2/orders",
    does: "the gateway's question without a session",
    fields: () => ({ path: "api/v2/orders" }),
    reasons: ["authz.invalid_session"],
  },
  {
    ...ASK,
    rest: "GET /auth/api/v2/orders",
    does: "the gateway's question about a banned account",
    given: banned,
    fields: () => ({ path: "api/v2/orders" }),
    reasons: ["authz.user_not_active"],
    log: [],
  },
  {
    ...ASK,
    rest: "GET /auth/api/v2/peatio/management/ping",
    does: "the gateway's question about a blocked path",
    fields: () => ({ path: "api/v2/peatio/management/ping" }),
    reasons: ["authz.permission_denied"],
  },
  { ...ME, does: "the own account without a token", reasons: ["jwt.decode_and_verify"] },
  {
    ...ME,
    does: "the own account of somebody banned who still has a bearer token",
    given: banned,
    reasons: ["authz.user_not_active"],
    log: [],
  },
  {
    rest: "GET /identity/users/register_geetest",
    method: users.registerGeetest,
    does: "a challenge without a captcha vendor",
    reasons: ["identity.captcha.unavailable"],
  },
];

function tokenOf({ token = "" }: Given) {
  return { token };
}

function addressOf({ email }: Given) {
  return { email };
}
