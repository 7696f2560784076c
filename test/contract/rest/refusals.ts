import { type Answer, rest } from "../../support/rest.js";
import { requestSeed, wrongCode } from "../../support/second-factor.js";
import { PASSWORD } from "../../support/start-app.js";
import { goodRequests } from "./requests.js";
import { send } from "./send.js";
import { nameOf, type Operation } from "./specification.js";
import { freshNumber, type World } from "./world.js";

/** Makes an operation answer a status. */
type Refusal = (world: World, operation: Operation) => Promise<Answer>;

/** The good request, with some values changed; null leaves a parameter out. */
const but =
  (changes: Readonly<Record<string, string | null>>): Refusal =>
  async (world, operation) => {
    const { values, headers = {} } = (await goodRequests[nameOf(operation)]?.(world)) ?? {
      values: {},
    };
    const changed = Object.entries({ ...values, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    );
    return send(world.app, operation, { values: Object.fromEntries(changed), headers });
  };

/** The good request once more. */
const again: Refusal = async (world, operation) => {
  const request = await goodRequests[nameOf(operation)]?.(world);
  if (request === undefined) throw new Error("there is no good request");
  await send(world.app, operation, request);
  return send(world.app, operation, request);
};

/** The good request of a session whose account is gone. */
const ofNobody: Refusal = async (world, operation) => {
  const { values } = (await goodRequests[nameOf(operation)]?.(world)) ?? { values: {} };
  return send(world.app, operation, { values, headers: await world.bearerOfNobody() });
};

/** A request with a code of the right form that is wrong. */
const wrongOtp: Refusal = async (world, operation) => {
  if (operation.path === "/resource/otp/verify") {
    const { seed, headers } = await world.carefulMember();
    return send(world.app, operation, { values: { code: wrongCode(seed, world.clock.now()) }, headers });
  }
  const { headers } = await world.member();
  const seed = await requestSeed(world.app, headers);
  return send(world.app, operation, { values: { code: wrongCode(seed, world.clock.now()) }, headers });
};

/**
 * Every refusal that the specification documents besides those that all operations of a kind share: 401 without a token, and 400
 * without the first required parameter.
 */
const refusals: Readonly<Record<string, Readonly<Record<number, Refusal>>>> = {
  "PUT /admin/users/labels": {
    404: but({ key: "nothing" }),
    422: but({ value: "!" }),
  },
  "POST /identity/users/password/confirm_code": {
    404: async (world, operation) => {
      const member = await world.member();
      const reset_password_token = await world.resetToken(member);
      const values = { reset_password_token, password: "Gol4aid2", confirm_password: "Gol4aid2" };
      return world.whileDeleted(member, () => send(world.app, operation, { values }));
    },
    422: but({ confirm_password: "Gol4aid1" }),
  },
  "POST /identity/users/password/generate_code": {
    404: but({ email: "nobody@example.com" }),
    422: but({ lang: "x".repeat(36) }),
  },
  "POST /identity/users/email/confirm_code": { 422: but({ token: "stale" }) },
  "POST /identity/users/email/generate_code": { 422: but({ email: "nobody@example.com" }) },
  "POST /identity/users": { 422: but({ password: "password" }) },
  "DELETE /identity/sessions": {
    400: ({ app }) => rest(app, "DELETE", "/identity/sessions?reason=%ZZ"),
    404: ({ app }) => rest(app, "DELETE", "/identity/sessions"),
  },
  "POST /identity/sessions": {
    404: async (world, operation) => {
      const member = await world.member();
      const values = { email: member.email, password: PASSWORD };
      return world.whileDeleted(member, () => send(world.app, operation, { values }));
    },
  },
  "POST /resource/api_keys": { 422: but({ algorithm: "RS256" }) },
  "DELETE /resource/api_keys/{kid}": { 404: but({ kid: "0000000000000000" }) },
  "PATCH /resource/api_keys/{kid}": {
    404: but({ kid: "0000000000000000" }),
    422: but({ state: "sleepy" }),
  },
  "POST /resource/otp/verify": { 422: wrongOtp },
  "POST /resource/otp/enable": { 422: wrongOtp },
  "POST /resource/otp/generate_qrcode": {
    400: async (world, operation) => {
      const { headers } = await world.carefulMember();
      return send(world.app, operation, { values: {}, headers });
    },
  },
  "POST /resource/phones/verify": {
    404: async (world, operation) => {
      const member = await world.member();
      const phone_number = await world.phone(member);
      const code = await world.smsCode();
      const verification_code = code === "000000" ? "111111" : "000000";
      return send(world.app, operation, {
        values: { phone_number, verification_code },
        headers: member.headers,
      });
    },
  },
  "POST /resource/phones/send_code": {
    404: but({ phone_number: freshNumber() }),
    422: but({ phone_number: "1".repeat(65) }),
  },
  "POST /resource/phones": { 404: ofNobody, 422: but({ phone_number: "1".repeat(65) }) },
  "POST /resource/documents": { 422: but({ doc_type: "Library card" }) },
  "POST /resource/profiles": { 409: again, 422: but({ country: "Atlantis" }) },
  "GET /resource/profiles/me": {
    404: async (world, operation) => {
      const { headers } = await world.member();
      return send(world.app, operation, { values: {}, headers });
    },
  },
  "DELETE /resource/labels/{key}": { 400: but({ key: "email" }), 404: but({ key: "nothing" }) },
  "PATCH /resource/labels/{key}": { 404: but({ key: "nothing" }), 422: but({ value: "!" }) },
  "GET /resource/labels/{key}": { 400: but({ key: " " }), 404: but({ key: "nothing" }) },
  "POST /resource/labels": { 422: but({ key: "!" }) },
  "PUT /resource/users/password": { 404: ofNobody, 422: but({ confirm_password: "Gol4aid1" }) },
};

/** How to get a documented refusal; undefined when nobody knows, which is a gap in this table. */
export function refusalOf(operation: Operation, status: number): Refusal | undefined {
  const own = refusals[nameOf(operation)]?.[status];
  if (own !== undefined) return own;
  if (status === 401) return withoutToken;
  const required = operation.parameters.find((parameter) => parameter.required && parameter.in !== "path");
  return status === 400 && required !== undefined ? but({ [required.name]: null }) : undefined;
}

const withoutToken: Refusal = async (world, operation) => {
  const { values } = (await goodRequests[nameOf(operation)]?.(world)) ?? { values: {} };
  return send(world.app, operation, { values });
};

/** The operations that the table names, so that a misspelt one is noticed. */
export const knownRefusals = (): readonly string[] => Object.keys(refusals);
