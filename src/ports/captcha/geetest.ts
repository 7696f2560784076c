import { createHash } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { equalConstantTime } from "../../platform/secrets.js";
import { type Captcha, isBlank } from "./captcha.js";
import { askVendor, formOf, vendorUnavailable } from "./vendor.js";

export interface GeetestSettings {
  readonly id: string;
  readonly key: string;
  /** Base address of the vendor's API. */
  readonly url: string;
  readonly timeoutMs?: number;
}

interface GeetestAnswer {
  readonly geetest_challenge: string;
  readonly geetest_validate: string;
  readonly geetest_seccode: string;
}

/** Geetest, version 3: the server fetches a challenge for the browser and later checks the browser's three answers. */
export function createGeetest({ id, key, url, timeoutMs }: GeetestSettings): Captcha {
  const base = url.replace(/\/+$/, "");

  return {
    async verify(answer) {
      if (isBlank(answer)) throw new Failure(ErrorReason.CAPTCHA_REQUIRED);
      const fields = fieldsOf(answer);
      if (!fields) throw new Failure(ErrorReason.CAPTCHA_MANDATORY_FIELDS);
      const { geetest_challenge, geetest_validate, geetest_seccode } = fields;
      if (!equalConstantTime(geetest_validate, md5(`${key}geetest${geetest_challenge}`))) {
        throw new Failure(ErrorReason.CAPTCHA_REJECTED);
      }
      const verdict = await askVendor(
        `${base}/validate.php`,
        formOf({ seccode: geetest_seccode }),
        timeoutMs,
      );
      if (equalConstantTime(verdict.trim(), md5(geetest_seccode))) return;
      // Refusals are one word, such as "false"; a page of a proxy is no verdict.
      if (!/^\w{1,64}$/.test(verdict.trim())) throw unreadable();
      throw new Failure(ErrorReason.CAPTCHA_REJECTED);
    },

    async registerGeetest() {
      const query = new URLSearchParams({ gt: id });
      const seed = (await askVendor(`${base}/register.php?${query}`, {}, timeoutMs)).trim();
      // A site which Geetest does not know gets "0".
      if (!/^[\w-]{16,128}$/.test(seed)) throw unreadable();
      return { gt: id, challenge: md5(seed + key) };
    },
  };
}

function fieldsOf(answer: JsonValue | undefined): GeetestAnswer | undefined {
  // Clients that send forms put the object into the parameter as JSON text.
  const object = typeof answer === "string" ? parsed(answer) : answer;
  if (typeof object !== "object" || object === null || Array.isArray(object)) return undefined;
  const { geetest_challenge, geetest_validate, geetest_seccode } = object;
  if (!isText(geetest_challenge) || !isText(geetest_validate) || !isText(geetest_seccode)) return undefined;
  return { geetest_challenge, geetest_validate, geetest_seccode };
}

const isText = (value: JsonValue | undefined): value is string =>
  typeof value === "string" && value !== "" && value.length <= 1024;

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unreadable = () => vendorUnavailable(new Error("Geetest's answer is not readable"));

// MD5 is what Geetest's protocol prescribes.
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
