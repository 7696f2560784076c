import { isIP } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { isObject, jsonIn, textIn } from "./answers.js";
import { type Captcha, noChallenge, type Occasion } from "./captcha.js";
import { askVendor, formOf, refusesUs, VendorDown } from "./vendor.js";

/** What the vendors have in common who verify an answer as reCAPTCHA does. */
export interface SiteverifySettings {
  readonly secretKey: string;
  /** The full address of siteverify. */
  readonly url: string;
  /** Hosts of the pages on which answers may have been given, in small letters; any when there are none. */
  readonly hostnames?: readonly string[];
  readonly timeoutMs?: number;
}

/** What such a vendor has for himself. */
interface Ways {
  /** Characters of his longest answer. */
  readonly longestAnswer: number;
  /** Parameters besides `secret` and `response`. */
  fields?(occasion: Occasion): Readonly<Record<string, string>>;
  /** Codes of what the person in front of the browser cannot mend. */
  readonly ourFaults: readonly string[];
  /** Codes by which he says that he is out himself. */
  readonly outages?: readonly string[];
  /** Whether an answer that he accepts is good for us. Throws where his keys are not those of what he is asked for. */
  accepts?(verdict: JsonObject, occasion: Occasion): boolean;
}

/** A captcha whose answer is a text that its vendor accepts once. */
export function createSiteverify(settings: SiteverifySettings, ways: Ways): Captcha {
  const { secretKey, url, hostnames = [], timeoutMs } = settings;
  const { longestAnswer, fields, ourFaults, outages = [], accepts = () => true } = ways;

  return {
    async verify(answer, occasion) {
      const response = textIn(answer, longestAnswer);
      const form = formOf({ secret: secretKey, response, ...fields?.(occasion) });
      const { status, text } = await askVendor(url, form, timeoutMs);
      const verdict = verdictIn(text);
      if (status !== 200 && verdict?.success !== false) throw refusesUs(`HTTP_${status}`);
      if (verdict === undefined) throw new VendorDown("UNREADABLE");
      if (!verdict.success) throw refusal(verdict.codes, { ourFaults, outages });
      const { hostname } = verdict.all;
      const isOurPage =
        hostnames.length === 0 ||
        (typeof hostname === "string" && hostnames.includes(hostname.toLowerCase()));
      if (!isOurPage || !accepts(verdict.all, occasion)) throw new Failure(ErrorReason.CAPTCHA_REJECTED);
    },

    registerGeetest: noChallenge,
  };
}

/** The client's address as a parameter, where it is known. */
export const remoteIpOf = ({ ip }: Occasion): Readonly<Record<string, string>> =>
  isIP(ip) === 0 ? {} : { remoteip: ip };

interface Verdict {
  readonly success: boolean;
  readonly codes: readonly string[];
  readonly all: JsonObject;
}

function verdictIn(text: string): Verdict | undefined {
  const all = jsonIn(text);
  if (!isObject(all)) return undefined;
  const { success, "error-codes": given } = all;
  const codes = given ?? [];
  if (typeof success !== "boolean" || !Array.isArray(codes)) return undefined;
  return { success, codes: codes.filter((code) => typeof code === "string"), all };
}

function refusal(
  codes: readonly string[],
  { ourFaults, outages }: { readonly ourFaults: readonly string[]; readonly outages: readonly string[] },
): Failure {
  const [ours] = codes.filter((code) => ourFaults.includes(code));
  if (ours !== undefined) return refusesUs(ours);
  // Beside another code it may be a consequence of the answer.
  const [outage, ...others] = codes;
  if (outage !== undefined && others.length === 0 && outages.includes(outage)) return new VendorDown(outage);
  return new Failure(ErrorReason.CAPTCHA_REJECTED);
}
