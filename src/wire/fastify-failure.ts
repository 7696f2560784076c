import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";

/** What Fastify refuses by itself, as a reason of the catalogue; undefined for every other error. */
export function fastifyFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !("code" in error) || !String(error.code).startsWith("FST_ERR_")) {
    return undefined;
  }
  if (error.code === "FST_ERR_BAD_URL") return new Failure(ErrorReason.MALFORMED_URL, { cause: error });
  const status = "statusCode" in error ? Number(error.statusCode) : 500;
  const reason =
    reasons.get(status) ?? (status >= 400 && status < 500 ? ErrorReason.MALFORMED_REQUEST : undefined);
  return reason === undefined ? undefined : new Failure(reason, { cause: error });
}

const reasons = new Map([
  [400, ErrorReason.MALFORMED_BODY],
  [413, ErrorReason.BODY_TOO_LARGE],
  [415, ErrorReason.UNSUPPORTED_MEDIA_TYPE],
  [503, ErrorReason.UNAVAILABLE],
]);
