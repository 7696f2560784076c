import { type JsonValue, type Registry, toJson } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { TranscodingError } from "./error.js";
import { InvalidFields } from "./violations.js";

/** HTTP status by google.rpc.Code, as google/rpc/code.proto recommends. */
const httpStatusByCode = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

const unknown = 2;
const invalidArgument = 3;
const notFound = 5;
const unimplemented = 12;
const internal = 13;

/** 500 for a code that does not exist. */
export const httpStatusOf = (code: number): number => httpStatusByCode[code] ?? 500;

/** An error that knows its google.rpc.Code. */
interface CodedError {
  readonly code: number;
  readonly message: string;
  readonly details?: readonly Any[];
}

/** Any error as HTTP status and google.rpc.Status in JSON. What is not meant for the caller becomes INTERNAL. */
export function statusOf(error: unknown, registry?: Registry): { httpStatus: number; json: JsonValue } {
  if (error instanceof TranscodingError) {
    const code = { 404: notFound, 405: unimplemented }[error.status] ?? invalidArgument;
    return { httpStatus: error.status, json: { code, message: error.message, details: [] } };
  }
  if (error instanceof InvalidFields) {
    return { httpStatus: 400, json: { code: invalidArgument, message: error.message, details: [] } };
  }
  if (isCoded(error)) {
    const details = (error.details ?? []).map((detail) => detailOf(detail, registry));
    const code = error.code in httpStatusByCode ? error.code : unknown;
    return { httpStatus: httpStatusOf(error.code), json: { code, message: error.message, details } };
  }
  return { httpStatus: 500, json: { code: internal, message: "internal error", details: [] } };
}

const isCoded = (error: unknown): error is CodedError =>
  error instanceof Error && "code" in error && typeof error.code === "number";

/** A detail of a type that the registry does not know keeps its bytes. */
function detailOf(detail: Any, registry: Registry | undefined): JsonValue {
  try {
    return toJson(AnySchema, detail, registry === undefined ? {} : { registry });
  } catch {
    return { "@type": detail.typeUrl, value: Buffer.from(detail.value).toString("base64") };
  }
}
