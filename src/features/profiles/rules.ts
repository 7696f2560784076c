// Without the names of countries in eighty languages, which the package itself loads.

import type { JsonObject } from "@bufbuild/protobuf";
import { alpha2ToAlpha3, alpha3ToAlpha2 } from "i18n-iso-countries/index.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { isKeepable } from "../../platform/metadata.js";

/** Nobody alive was born before. */
const EARLIEST_DAY = "1900-01-01";

export interface Claims {
  /** `YYYY-MM-DD`. */
  readonly dob: string;
  readonly country: string;
  readonly metadata: JsonObject | undefined;
}

/** Why a profile cannot be so, in the order of its fields. `today` is `YYYY-MM-DD`. */
export function reasonsAgainst({ dob, country, metadata }: Claims, today: string): ErrorReason[] {
  const reasons: ErrorReason[] = [];
  if (dob < EARLIEST_DAY || dob > today) reasons.push(ErrorReason.PROFILE_DOB_INVALID);
  if (!isCountry(country)) reasons.push(ErrorReason.COUNTRY_INVALID);
  if (metadata && !isKeepable(metadata)) reasons.push(ErrorReason.PROFILE_METADATA_INVALID);
  return reasons;
}

/** Whether a text is an alpha-2 or alpha-3 code of ISO 3166-1, in any letter case. */
export function isCountry(text: string): boolean {
  // Only these letters: the capital of "ß" would be "SS", South Sudan.
  if (!/^[A-Za-z]+$/.test(text)) return false;
  const code = text.toUpperCase();
  return alpha2ToAlpha3(code) !== undefined || alpha3ToAlpha2(code) !== undefined;
}
