import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Fault, startVendorTwin } from "../vendor-twin.js";
import { faultOfForm, formIn } from "./captcha-twin.js";

export const GEETEST = { id: "geetest-id", key: "geetest-key", seed: "0123456789abcdef0123456789abcdef" };

/** Geetest, version 3, in this process. */
export async function startGeetestTwin() {
  const received: Readonly<Record<string, string>>[] = [];
  const solved = new Set<string>();

  const twin = await startVendorTwin({
    faultOf: (request, body) => faultOf(request, body),
    work(request, body) {
      if (request.method === "GET")
        return { status: 200, body: request.url?.endsWith(`=${GEETEST.id}`) ? GEETEST.seed : "0" };
      const form = formIn(body);
      received.push(form);
      const { seccode = "" } = form;
      return { status: 200, body: solved.delete(seccode) ? md5(seccode) : "false" };
    },
  });

  const answer = (seccode: string) => ({
    geetest_challenge: "challenge-1f",
    geetest_validate: md5(`${GEETEST.key}geetestchallenge-1f`),
    geetest_seccode: seccode,
  });
  return Object.assign(twin, {
    environment: {
      CAPTCHA: "geetest",
      GEETEST_ID: GEETEST.id,
      GEETEST_KEY: GEETEST.key,
      GEETEST_URL: twin.url,
    },
    received,
    solve() {
      const seccode = `${randomUUID()}|jordan`;
      solved.add(seccode);
      return answer(seccode);
    },
    /** As of a puzzle that was solved, but for a look that was never allowed. */
    forge: () => answer(`${randomUUID()}|jordan`),
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
    return faultOfForm(request, body, { target: "/validate.php", fields: ["seccode"] });
  if (/^\/register\.php\?gt=[\w-]+$/.test(request.url ?? "")) return undefined;
  const message = `no GET ${request.url}`;
  return { status: 404, message, body: message };
}

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
