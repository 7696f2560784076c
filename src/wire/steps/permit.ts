import { getOption } from "@bufbuild/protobuf";
import { RoleSchema } from "../../../gen/barong/entities/v1/role_pb.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { role as roleRules } from "../../../gen/barong/options/v1/options_pb.js";
import type { Caller } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import { wordOf } from "../../transcoding/enum-words.js";

/** What each role may do, as the schema says it. */
const abilitiesOf: ReadonlyMap<string, readonly string[]> = new Map(
  RoleSchema.values.map((value) => [wordOf(value), getOption(value, roleRules).abilities]),
);

/** The step that lets only those pass whose role has an ability, such as `users.read`. */
export function permission(ability: string) {
  const granting = [ability, `${ability.split(".")[0]}.*`, "*"];
  const permitted = new Set(
    [...abilitiesOf]
      .filter(([, abilities]) => abilities.some((each) => granting.includes(each)))
      .map(([role]) => role),
  );
  return ({ role }: Pick<Caller, "role">): void => {
    if (!permitted.has(role)) throw new Failure(ErrorReason.ADMIN_DENIED);
  };
}

/** The step that lets only people pass: nobody behind whom there is an API key. */
export function refuseApiKeys({ apiKeyId }: Pick<Caller, "apiKeyId">): void {
  if (apiKeyId !== undefined) throw new Failure(ErrorReason.API_KEY_NOT_ALLOWED);
}

/** `<noun>.<verb>`. */
export const isAbility = (text: string): boolean => /^[a-z_]+\.[a-z_]+$/.test(text);
