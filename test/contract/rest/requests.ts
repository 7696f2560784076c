import { freshEmail, pendingMember, post } from "../../support/rest.js";
import { requestSeed } from "../../support/second-factor.js";
import { PASSWORD } from "../../support/start-app.js";
import { freshNumber, type World } from "./world.js";

/** What an operation needs to succeed: a value for each of its parameters, and who asks. */
export interface GoodRequest {
  readonly values: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

type Prepare = (world: World) => Promise<GoodRequest>;

const NEW_PASSWORD = "Gol4aid2";

const asAdmin =
  (valuesOf: (world: World) => Promise<Record<string, string>>): Prepare =>
  async (world) => {
    const values = await valuesOf(world);
    return { values, headers: (await world.admin()).headers };
  };

const asMember =
  (values: Readonly<Record<string, string>>): Prepare =>
  async (world) => ({ values, headers: (await world.member()).headers });

const uidOfMember = async (world: World) => (await world.member()).uid;

/** A request that succeeds, for each operation of the specification. */
export const goodRequests: Readonly<Record<string, Prepare>> = {
  "DELETE /admin/users/labels": asAdmin(async (world) => {
    const member = await world.member();
    await world.label(member, "spot");
    return { uid: member.uid, key: "spot", scope: "public" };
  }),
  "PUT /admin/users/labels": asAdmin(async (world) => {
    const { uid } = await world.member();
    return { uid, key: "email", scope: "private", value: "rejected" };
  }),
  "POST /admin/users/labels": asAdmin(async (world) => {
    const uid = await uidOfMember(world);
    return { uid, key: "spot", value: "seen", scope: "private" };
  }),
  "GET /admin/users/{uid}": asAdmin(async (world) => ({ uid: await uidOfMember(world) })),
  "PUT /admin/users": asAdmin(async (world) => ({ uid: await uidOfMember(world), state: "banned" })),
  "GET /admin/users": asAdmin(async () => ({ page: "1", limit: "2" })),
  "GET /admin/users/search": asAdmin(async () => ({ field: "email", value: "admin", page: "1", limit: "2" })),
  "POST /identity/users/password/confirm_code": async (world) => {
    const reset_password_token = await world.resetToken(await world.member());
    return { values: { reset_password_token, password: NEW_PASSWORD, confirm_password: NEW_PASSWORD } };
  },
  "POST /identity/users/password/generate_code": async (world) => ({
    values: { email: (await world.member()).email, lang: "en" },
  }),
  "POST /identity/users/email/confirm_code": async ({ app }) => ({
    values: { token: await app.tokenFor(await pendingMember(app)) },
  }),
  "POST /identity/users/email/generate_code": async ({ app }) => ({
    values: { email: await pendingMember(app), lang: "en" },
  }),
  "GET /identity/users/register_geetest": async () => ({ values: {} }),
  "POST /identity/users": async (world) => ({
    values: {
      ...{ email: freshEmail(), password: PASSWORD, lang: "en", captcha_response: "x" },
      refid: (await world.member()).uid,
    },
  }),
  "DELETE /identity/sessions": async (world) => ({ values: {}, headers: (await world.member()).headers }),
  "POST /identity/sessions": async (world) => ({
    values: {
      email: (await world.member()).email,
      ...{ password: PASSWORD, captcha_response: "x", otp_code: "123456" },
    },
  }),
  "GET /identity/time": async () => ({ values: {} }),
  "GET /identity/ping": async () => ({ values: {} }),
  "GET /resource/api_keys": async (world) => {
    const { seed, headers } = await world.carefulMember();
    return { values: { page: "1", limit: "2", totp_code: world.clock.codeOf(seed) }, headers };
  },
  "POST /resource/api_keys": async (world) => {
    const { seed, headers } = await world.carefulMember();
    const totp_code = world.clock.codeOf(seed);
    return { values: { algorithm: "HS256", kid: "mine", scope: "trade,read", totp_code }, headers };
  },
  "DELETE /resource/api_keys/{kid}": async (world) => {
    const person = await world.carefulMember();
    const kid = await world.apiKeyOf(person);
    return { values: { kid, totp_code: world.clock.codeOf(person.seed) }, headers: person.headers };
  },
  "PATCH /resource/api_keys/{kid}": async (world) => {
    const person = await world.carefulMember();
    const kid = await world.apiKeyOf(person);
    const totp_code = world.clock.codeOf(person.seed);
    return { values: { kid, scope: "read", state: "disabled", totp_code }, headers: person.headers };
  },
  "POST /resource/otp/verify": async (world) => {
    const { seed, headers } = await world.carefulMember();
    return { values: { code: world.clock.codeOf(seed) }, headers };
  },
  "POST /resource/otp/enable": async (world) => {
    const { headers } = await world.member();
    const seed = await requestSeed(world.app, headers);
    return { values: { code: world.clock.codeOf(seed) }, headers };
  },
  "POST /resource/otp/generate_qrcode": asMember({}),
  "POST /resource/phones/verify": async (world) => {
    const member = await world.member();
    const phone_number = await world.phone(member);
    return { values: { phone_number, verification_code: await world.smsCode() }, headers: member.headers };
  },
  "POST /resource/phones/send_code": async (world) => {
    const member = await world.member();
    return { values: { phone_number: await world.phone(member) }, headers: member.headers };
  },
  "POST /resource/phones": async (world) => ({
    values: { phone_number: freshNumber() },
    headers: (await world.member()).headers,
  }),
  "POST /resource/documents": asMember({
    ...{ doc_expire: "2099-01-22", doc_type: "Passport", doc_number: "AB 123-4", upload: "scan.png" },
  }),
  "GET /resource/documents": asMember({}),
  "POST /resource/profiles": asMember({
    ...{
      first_name: "Dana",
      last_name: "Miller",
      dob: "1990-01-02",
      address: "12 Main St.",
      postcode: "AB1",
    },
    ...{ city: "Kyiv", country: "UA" },
  }),
  "GET /resource/profiles/me": async (world) => {
    const { headers } = await world.member();
    const { values } = (await goodRequests["POST /resource/profiles"]?.(world)) ?? { values: {} };
    await post(world.app, "/resource/profiles", values, headers);
    return { values: {}, headers };
  },
  "DELETE /resource/labels/{key}": async (world) => {
    const member = await world.member();
    await world.label(member, "spot");
    return { values: { key: "spot" }, headers: member.headers };
  },
  "PATCH /resource/labels/{key}": async (world) => {
    const member = await world.member();
    await world.label(member, "spot");
    return { values: { key: "spot", value: "other" }, headers: member.headers };
  },
  "GET /resource/labels/{key}": asMember({ key: "email" }),
  "POST /resource/labels": asMember({ key: "spot", value: "seen" }),
  "GET /resource/labels": asMember({}),
  "PUT /resource/users/password": asMember({
    ...{ old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD },
  }),
  "GET /resource/users/activity/{topic}": asMember({ topic: "session", page: "1", limit: "2" }),
  "GET /resource/users/me": asMember({}),
};
