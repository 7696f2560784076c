import { createHmac } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { isObject, jsonIn, textsIn } from "./answers.js";
import { type Captcha, noChallenge } from "./captcha.js";
import type { GeetestSettings } from "./geetest.js";
import { askVendorForText, formOf, refusesUs, VendorDown } from "./vendor.js";

const FIELDS = ["lot_number", "captcha_output", "pass_token", "gen_time"] as const;
const LONGEST_FIELD = 8192;

/** Codes of errors that an answer causes: a made-up, changed, used or late one. All others are about the site or about Geetest. */
const ABOUT_THE_ANSWER = /^-(?:5000[2-5]|5030[1-8])$/;

/** Geetest, version 4: the browser's four answers, signed by us, are judged by Geetest alone. */
export function createGeetestV4({ id, key, url, timeoutMs }: GeetestSettings): Captcha {
  const base = url.replace(/\/+$/, "");

  return {
    async verify(answer) {
      const answers = textsIn(answer, FIELDS, LONGEST_FIELD);
      if (!/^\d{1,20}$/.test(answers.gen_time)) throw new Failure(ErrorReason.CAPTCHA_REJECTED);
      const signature = createHmac("sha256", key).update(answers.lot_number).digest("hex");
      const verdict = await askVendorForText(
        `${base}/validate?${new URLSearchParams({ captcha_id: id })}`,
        formOf({ ...answers, sign_token: signature }),
        timeoutMs,
      );
      heed(jsonIn(verdict));
    },

    registerGeetest: noChallenge,
  };
}

/** Returns when Geetest accepts the answer. */
function heed(verdict: JsonValue | undefined): void {
  if (!isObject(verdict)) throw new VendorDown("UNREADABLE");
  const { status = "success", result, reason, code } = verdict;
  if (status === "error") {
    const number = typeof code === "string" || typeof code === "number" ? `${code}` : "";
    if (ABOUT_THE_ANSWER.test(number)) throw new Failure(ErrorReason.CAPTCHA_REJECTED);
    throw refusesUs(/^-?\d{1,6}$/.test(number) ? number : "ERROR");
  }
  if (status !== "success" || (result !== "success" && result !== "fail")) throw new VendorDown("UNREADABLE");
  // The signature is our own part, so it is our key that is wrong.
  if (reason === "sign_token error") throw refusesUs("SIGN_TOKEN_ERROR");
  if (result === "fail") throw new Failure(ErrorReason.CAPTCHA_REJECTED);
}
