import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Fault, startVendorTwin } from "../vendor-twin.js";
import { faultOfForm, formIn } from "./captcha-twin.js";

export const GEETEST = { id: "geetest-id", key: "geetest-key", seed: "0123456789abcdef0123456789abcdef" };

/** Geetest, version 3, in this process. */
export async function startGeetestTwin() {
  const received: Readonly<Record<string, string>>[] = [];
  /** Challenges by their seccode. */
  const solved = new Map<string, string>();

  const twin = await startVendorTwin({
    faultOf: (request, body) => faultOf(request, body),
    work(request, body) {
      if (request.method === "GET")
        return { status: 200, body: request.url?.endsWith(`=${GEETEST.id}`) ? GEETEST.seed : "0" };
      const form = formIn(body);
      received.push(form);
      const { seccode = "", challenge, captchaid } = form;
      const isRight = solved.get(seccode) === challenge && captchaid === GEETEST.id;
      return { status: 200, body: isRight && solved.delete(seccode) ? md5(seccode) : "false" };
    },
  });

  /** The widget hands out the challenge that it got, with two more characters of its own. */
  function answer() {
    const geetest_challenge = `${md5(randomUUID())}1f`;
    const geetest_validate = md5(`${GEETEST.key}geetest${geetest_challenge}`);
    return { geetest_challenge, geetest_validate, geetest_seccode: `${geetest_validate}|jordan` };
  }
  return Object.assign(twin, {
    environment: {
      CAPTCHA: "geetest",
      GEETEST_ID: GEETEST.id,
      GEETEST_KEY: GEETEST.key,
      GEETEST_URL: twin.url,
    },
    received,
    solve() {
      const solution = answer();
      const { geetest_challenge: challenge, geetest_seccode: seccode } = solution;
      solved.set(seccode, challenge);
      return solution;
    },
    /** As of a puzzle that was solved, but for a look that was never allowed. */
    forge: answer,
    /** What the widget makes up by itself when it cannot reach Geetest. */
    offline() {
      const challenge = md5(randomUUID());
      const validate = md5(challenge);
      return {
        geetest_challenge: challenge,
        geetest_validate: validate,
        geetest_seccode: `${validate}|jordan`,
      };
    },
  });
}

function faultOf(request: IncomingMessage, body: string): Fault | undefined {
  if (request.method !== "GET")
    return faultOfForm(request, body, {
      target: "/validate.php",
      fields: ["seccode", "challenge", "captchaid"],
    });
  if (/^\/register\.php\?gt=[\w-]+$/.test(request.url ?? "")) return undefined;
  const message = `no GET ${request.url}`;
  return { status: 404, message, body: message };
}

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
