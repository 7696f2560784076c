import { createHmac, randomBytes } from "node:crypto";
import { startVendorTwin } from "../vendor-twin.js";
import { faultOfForm, formIn } from "./captcha-twin.js";

export const GEETEST_V4 = { id: "647f5ed2ed8acb4be36784e01556bb71", key: "b09a7aafbfd83f73b35a9b530d0337bf" };

const FIELDS = ["lot_number", "captcha_output", "pass_token", "gen_time", "sign_token"];

/** Geetest, version 4, in this process. */
export async function startGeetestV4Twin() {
  const received: Readonly<Record<string, string>>[] = [];
  const solved = new Set<string>();

  const twin = await startVendorTwin({
    faultOf: (request, body) =>
      faultOfForm(request, body, { target: `/validate?captcha_id=${GEETEST_V4.id}`, fields: FIELDS }),
    work(_request, body) {
      const form = formIn(body);
      received.push(form);
      const { lot_number: lot = "", sign_token, pass_token: token = "" } = form;
      const refusal =
        sign_token !== createHmac("sha256", GEETEST_V4.key).update(lot).digest("hex")
          ? "sign_token error"
          : solved.delete(token)
            ? ""
            : "pass_token expire";
      const result = refusal === "" ? "success" : "fail";
      const captcha_args = { used_type: "slide", user_ip: "127.0.0.1", lot_number: lot, scene: "login" };
      return { status: 200, body: { status: "success", result, reason: refusal, captcha_args } };
    },
  });

  const answer = () => ({
    lot_number: randomBytes(16).toString("hex"),
    captcha_output: `${randomBytes(90).toString("base64url")}==`,
    pass_token: randomBytes(32).toString("hex"),
    gen_time: "1795680000",
  });
  return Object.assign(twin, {
    environment: {
      CAPTCHA: "geetest_v4",
      GEETEST_ID: GEETEST_V4.id,
      GEETEST_KEY: GEETEST_V4.key,
      GEETEST_URL: twin.url,
    },
    received,
    solve() {
      const solution = answer();
      solved.add(solution.pass_token);
      return solution;
    },
    forge: answer,
  });
}
