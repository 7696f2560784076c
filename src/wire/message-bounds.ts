import type { DescMessage } from "@bufbuild/protobuf";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";
import { excessOf } from "../transcoding/json.js";
import { messageExcess } from "./message-scan.js";

/**
 * What a request may have in all: fields, elements of lists and entries of maps. The largest request that clients send has a few hundred, and
 * each becomes an object many times longer than its bytes.
 */
export const MAX_NODES = 10_000;

/** Messages inside each other. */
export const MAX_DEPTH = 100;

/** Throws Failure(REQUEST_TOO_COMPLEX) for JSON with more values than a request may have, MALFORMED_BODY for JSON that is nested deeper. */
export function boundJson(text: string): void {
  const excess = excessOf(text, { jsonDepth: MAX_DEPTH, jsonNodes: MAX_NODES });
  if (excess !== undefined) throw excess === "depth" ? malformed() : tooComplex();
}

/**
 * Throws Failure(REQUEST_TOO_COMPLEX) for a message with more elements than a request may have, MALFORMED_BODY for one that is nested deeper
 * or whose bytes are not encoded as its schema says. Counts over the wire format before anything is built from it.
 */
export function boundMessage(schema: DescMessage, bytes: Uint8Array): void {
  const excess = messageExcess(schema, bytes, { depth: MAX_DEPTH, nodes: MAX_NODES });
  if (excess !== undefined) throw excess === "nodes" ? tooComplex() : malformed();
}

const tooComplex = (): Failure => new Failure(ErrorReason.REQUEST_TOO_COMPLEX);
const malformed = (): Failure => new Failure(ErrorReason.MALFORMED_BODY);
