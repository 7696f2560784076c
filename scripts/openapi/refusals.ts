import { getOption } from "@bufbuild/protobuf";
import {
  Access,
  method as methodRules,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";
import type { Binding } from "../../src/transcoding/rules.js";
import { derivedCodes } from "../../src/wire/steps/derived-codes.js";
import type { Catalogue, Reason } from "./catalogue.js";
import { refusesApiKeys } from "./facts.js";

/** Everything a method may answer with one status instead of a success. */
export interface Refusals {
  readonly status: number;
  /** When, by code. */
  readonly codes: ReadonlyMap<string, string>;
  /** The reasons, when all of them are in the catalogue. */
  readonly reasons: readonly string[] | undefined;
}

/** The refusals of a method over REST, by status. */
export function refusalsOf(binding: Binding, catalogue: Catalogue): readonly Refusals[] {
  const { method } = binding;
  const derived = derivedCodes(method).map(({ code, status, field, why }) => ({
    code,
    status,
    when: field === "" ? `The request ${why}.` : `\`${field}\` ${why}.`,
  }));
  const isIncomplete = derived.some(({ status }) => status === 400);
  // What is wrong besides something that is missing is told in the same answer.
  const besides = derived.filter(({ status }) => isIncomplete && status === 422);
  const all: readonly (Fault | Reason)[] = [
    ...derived,
    ...besides.map((fault) => ({ ...fault, status: 400 })),
    ...catalogue.namedBy(method),
    ...generalReasons(binding).map((name) => catalogue.get(name)),
  ];
  const statuses = [...new Set(all.map(({ status }) => status))].sort((one, other) => one - other);
  return statuses.map((status) =>
    together(
      status,
      all.filter((fault) => fault.status === status),
    ),
  );
}

interface Fault {
  readonly code: string;
  readonly status: number;
  readonly when: string;
}

function together(status: number, faults: readonly (Fault | Reason)[]): Refusals {
  const codes = new Map<string, string>();
  for (const { code, when } of faults) {
    const known = codes.get(code);
    if (known === undefined) codes.set(code, when);
    else if (!known.includes(when)) codes.set(code, `${known} ${when}`);
  }
  const names = faults.map((fault) => ("name" in fault ? fault.name : undefined));
  const isGeneral = names.every((name) => name !== undefined);
  return { status, codes, reasons: isGeneral ? [...new Set(names)].sort() : undefined };
}

/** What is answered before the handler is asked, and what anything may end in. */
function generalReasons({ method, body }: Binding): string[] {
  const rules = getOption(method, methodRules);
  const access = rules.access || getOption(method.parent, serviceRules).access;
  return [
    ...["MALFORMED_URL", "MALFORMED_REQUEST", "INTERNAL", "UNAVAILABLE", "OVERLOADED", "DEADLINE_EXCEEDED"],
    ...(body === undefined ? [] : ["MALFORMED_BODY", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]),
    ...(access === Access.PUBLIC ? [] : CALLER),
    ...(access === Access.PUBLIC || rules.readOnly ? [] : ["ORIGIN_REFUSED"]),
    ...(access === Access.STAFF ? ["ADMIN_DENIED"] : []),
    ...(refusesApiKeys(method) ? ["API_KEY_NOT_ALLOWED"] : []),
    ...(rules.limits.length > 0 ? ["TOO_MANY_REQUESTS"] : []),
    ...(rules.captcha ? CAPTCHA : []),
    ...(rules.secondFactor ? SECOND_FACTOR : []),
  ];
}

const CALLER = [
  ...["BEARER_INVALID", "SESSION_INVALID", "USER_NOT_ACTIVE", "RECORD_NOT_FOUND", "INVALID_PERMISSION"],
  ...["API_KEY_HEADERS_INVALID", "NONCE_INVALID", "NONCE_EXPIRED", "NONCE_REUSED", "API_KEY_UNKNOWN"],
  ...[
    "SIGNATURE_INVALID",
    "SIGNED_BODY_DIFFERS",
    "API_KEY_NOT_ACTIVE",
    "API_KEY_EXPIRED",
    "API_KEY_IP_REFUSED",
  ],
  ...["API_KEY_OTP_DISABLED", "TOO_MANY_REQUESTS"],
];

const CAPTCHA = ["CAPTCHA_REQUIRED", "CAPTCHA_MANDATORY_FIELDS", "CAPTCHA_REJECTED", "CAPTCHA_UNAVAILABLE"];

const SECOND_FACTOR = [
  "SECOND_FACTOR_DISABLED",
  "SECOND_FACTOR_MISSING",
  "SECOND_FACTOR_INVALID",
  "TOTP_REUSED",
  "TOO_MANY_REQUESTS",
];
