import { type DescMethod, getOption } from "@bufbuild/protobuf";
import {
  method as methodRules,
  type RateLimit,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";

export const refusesApiKeys = (method: DescMethod): boolean =>
  getOption(method, methodRules).noApiKeys || getOption(method.parent, serviceRules).noApiKeys;

/** What the options of a method mean to who calls it, a sentence each. */
export function factsOf(method: DescMethod): string[] {
  const { ability, secondFactor, captcha, limits } = getOption(method, methodRules);
  return [
    ...(ability === "" ? [] : [`Needs a role with the ability \`${ability}\`.`]),
    ...(refusesApiKeys(method) ? ["API keys may not call it."] : []),
    ...(secondFactor ? ["Needs two-factor authentication, and its current code in `totp_code`."] : []),
    ...(captcha ? ["Needs the answer to a captcha where the operator has switched that on."] : []),
    ...limits.map(limit),
  ];
}

function limit({ by, calls, seconds }: RateLimit): string {
  const whom = by.split("+").map((part) => WHOM[part] ?? `\`${part}\``);
  return `At most ${calls} calls in ${seconds} seconds for each ${whom.join(" and ")}.`;
}

const WHOM: Readonly<Record<string, string>> = { client: "network address", account: "account" };
