import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import type { Answer } from "./answers.js";

/** A failure as Connect and gRPC-Web carry it. */
export function connectErrorOf(answer: Answer): ConnectError {
  const { sentence, rpcCode, retryAfterSeconds } = answer;
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  // Connect's codes are google.rpc's by number.
  return new ConnectError(sentence, Number(rpcCode), headers, detailsOf(answer));
}

/** A failure as google.rpc.Status, for the trailer `grpc-status-details-bin`. */
export function statusBytesOf(answer: Answer): Uint8Array {
  const details = detailsOf(answer).map(({ desc, value }) => anyPack(desc, value));
  const status = create(StatusSchema, { code: answer.rpcCode, message: answer.sentence, details });
  return toBinary(StatusSchema, status);
}

interface Detail {
  readonly desc: DescMessage;
  readonly value: Message;
}

/** One ErrorInfo for each code, then the fields, then when to come back. */
function detailsOf({ codes, fields, retryAfterSeconds }: Answer): Detail[] {
  const details: Detail[] = codes.map((reason) => ({
    desc: ErrorInfoSchema,
    value: create(ErrorInfoSchema, { reason, domain: "barong" }),
  }));
  if (fields.length > 0) {
    const fieldViolations = fields.map(({ field, code, description }) => ({
      field,
      description,
      reason: code,
    }));
    details.push({ desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) });
  }
  if (retryAfterSeconds !== undefined) {
    const retryDelay = { seconds: BigInt(retryAfterSeconds) };
    details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) });
  }
  return details;
}
