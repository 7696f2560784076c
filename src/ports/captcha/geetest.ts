import { createHash } from "node:crypto";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { equalConstantTime } from "../../platform/secrets.js";
import { textsIn } from "./answers.js";
import type { Captcha, GeetestChallenge } from "./captcha.js";
import { askVendorForText, formOf, refusesUs, VendorDown } from "./vendor.js";

export interface GeetestSettings {
  readonly id: string;
  readonly key: string;
  /** Base address of the vendor's API. */
  readonly url: string;
  readonly timeoutMs?: number;
}

const FIELDS = ["geetest_challenge", "geetest_validate", "geetest_seccode"] as const;
const LONGEST_FIELD = 1024;

/** Geetest, version 3: the server fetches a challenge for the browser and later checks the browser's three answers. */
export function createGeetest({ id, key, url, timeoutMs }: GeetestSettings): Captcha {
  const base = url.replace(/\/+$/, "");

  async function register(): Promise<GeetestChallenge> {
    const query = new URLSearchParams({ gt: id });
    const seed = (await askVendorForText(`${base}/register.php?${query}`, {}, timeoutMs)).trim();
    if (seed === "0") throw refusesUs("UNKNOWN_SITE");
    if (!/^[\w-]{16,128}$/.test(seed)) throw new VendorDown("UNREADABLE");
    return { gt: id, challenge: md5(seed + key) };
  }

  return {
    async verify(answer) {
      const {
        geetest_challenge: challenge,
        geetest_validate: validate,
        geetest_seccode: seccode,
      } = textsIn(answer, FIELDS, LONGEST_FIELD);
      // Otherwise one solved puzzle would do for every seccode that Geetest has ever given out.
      if (seccode !== `${validate}|jordan`) throw new Failure(ErrorReason.CAPTCHA_REJECTED);
      if (!equalConstantTime(validate, md5(`${key}geetest${challenge}`))) {
        // What the widget makes up while Geetest is out. Anybody can, so it is worth something only if Geetest is out for us too.
        if (validate === md5(challenge)) await register();
        throw new Failure(ErrorReason.CAPTCHA_REJECTED);
      }
      const form = formOf({ seccode, challenge, captchaid: id });
      const verdict = await askVendorForText(`${base}/validate.php`, form, timeoutMs);
      if (equalConstantTime(verdict.trim(), md5(seccode))) return;
      // Refusals are one word, such as "false"; a page of a proxy is no verdict.
      if (!/^\w{1,64}$/.test(verdict.trim())) throw new VendorDown("UNREADABLE");
      throw new Failure(ErrorReason.CAPTCHA_REJECTED);
    },

    registerGeetest: register,
  };
}

// MD5 is what Geetest's protocol prescribes.
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
