import type { DescMessage } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Caller } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { ReadRequest } from "../wire-call.js";
import { fieldReader } from "./field-value.js";

/** The field that carries the one-time code. */
export const SECOND_FACTOR_FIELD = "totp_code";

/**
 * Reads the one-time code that a request needs; throws when there is none, or the caller has no second factor to prove. A code that
 * could not be read is left to validation.
 */
export function secondFactorReader(
  message: DescMessage,
): (request: ReadRequest, caller: Caller) => string | undefined {
  const field = message.fields.find(({ name }) => name === SECOND_FACTOR_FIELD);
  if (field === undefined) throw new Error(`${message.typeName} has no field ${SECOND_FACTOR_FIELD}`);
  const read = fieldReader(field);
  return (request, caller) => {
    if (!caller.otp) throw new Failure(ErrorReason.SECOND_FACTOR_DISABLED);
    if (request.violations.some((violation) => violation.field === field)) return undefined;
    const code = String(read(request.message) ?? "").trim();
    if (code === "") throw new Failure(ErrorReason.SECOND_FACTOR_MISSING);
    return code;
  };
}
