import { generateSync } from "otplib";
import { expect } from "vitest";
import { secondsAfter } from "../../src/platform/clock.js";
import { cookieOf, post, rest, signIn } from "./rest.js";
import { PASSWORD, type Started } from "./start-app.js";

/** The code that an authenticator application with this seed shows at a moment. */
export const codeAt = (seed: string, moment: Date): string =>
  generateSync({ secret: seed, epoch: Math.floor(moment.getTime() / 1000) });

/** The code of the time step after the present one, which is good already: for who has used the present one. */
export const nextCode = (seed: string): string => codeAt(seed, secondsAfter(new Date(), 30));

/** A text that has the form of a code and is none that the seed gives about now. */
export function wrongCode(seed: string, now: Date): string {
  const right = [-30, 0, 30].map((seconds) => codeAt(seed, secondsAfter(now, seconds)));
  return ["000000", "111111", "222222", "333333"].find((code) => !right.includes(code)) ?? "444444";
}

/** The seed in the answer to a request for a QR code, cut out as clients do. */
export async function requestSeed(app: Started, headers: Record<string, string>): Promise<string> {
  const { body } = await rest(app, "POST", "/resource/otp/generate_qrcode", { headers });
  const { url } = (body as { data: { url: string } }).data;
  return /secret=(\w+)/.exec(url)?.[1] ?? "";
}

/** Switches two-factor authentication on as the owner would, with the code of `now`; answers the seed. It ends every session. */
export async function enableSecondFactor(
  app: Started,
  email: string,
  now = new Date(),
  password = PASSWORD,
): Promise<string> {
  const cookie = await signIn(app, email, password);
  const seed = await requestSeed(app, { cookie });
  const enabled = await post(app, "/resource/otp/enable", { code: codeAt(seed, now) }, { cookie });
  expect(enabled.status).toBe(201);
  return seed;
}

/** Signs in with both factors and answers the `Cookie` header to send from then on. */
export async function signInWithCode(
  app: Started,
  email: string,
  otp_code: string,
  password = PASSWORD,
): Promise<string> {
  const answer = await post(app, "/identity/sessions", { email, password, otp_code });
  expect(answer.status).toBe(201);
  return cookieOf(answer);
}
