import { Code, ConnectError } from "@connectrpc/connect";
import {
  encodeEnvelope,
  type UniversalHandler,
  type UniversalHandlerFn,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorFromJsonBytes, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";

/** A failure in the form of this server. */
type ErrorOf = (failure: Failure) => ConnectError;

/**
 * Connect refuses a time limit that is no time by itself, before any handler or interceptor hears of it. Gives that refusal the reason
 * that every other transport gives for it. Connect sees no bytes of the body, so it refuses none (`withLateBody`).
 */
export function withOurReasons(handler: UniversalHandler, errorOf: ErrorOf): UniversalHandler {
  const answer = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = await handler(request);
    const type = response.header?.get("content-type") ?? "";
    if (response.status === 405) return { ...response, header: new Headers({ allow: "POST" }) };
    if (response.body === undefined) return response;
    if (response.status !== 200 && type === "application/json")
      return connectRefusal(response, response.body, errorOf);
    if (type.startsWith("application/grpc-web"))
      return { ...response, body: webFrames(response.body, errorOf) };
    return response;
  };
  return replacing(handler, answer);
}

/** The same handler, with another way to respond. */
export function replacing(handler: UniversalHandler, answer: UniversalHandlerFn): UniversalHandler {
  const { service, method, requestPath, supportedContentType, protocolNames, allowedMethods } = handler;
  return Object.assign(answer, {
    service,
    method,
    requestPath,
    supportedContentType,
    protocolNames,
    allowedMethods,
  });
}

type Body = NonNullable<UniversalServerResponse["body"]>;

async function connectRefusal(
  response: UniversalServerResponse,
  body: Body,
  errorOf: ErrorOf,
): Promise<UniversalServerResponse> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const plain = { ...response, body: once(bytes) };
  // Compressed, it is one of ours: those of Connect are too short for that.
  if (response.header?.has("content-encoding")) return plain;
  const told = errorFromJsonBytes(bytes, undefined, new ConnectError("unreadable", Code.Unknown));
  const reason = reasonOf(told);
  if (reason === undefined) return plain;
  const ours = errorOf(new Failure(reason, { cause: told }));
  const ownBytes = errorToJsonBytes(ours, undefined);
  const header = new Headers(response.header);
  header.set("content-length", String(ownBytes.byteLength));
  return { ...response, status: codeToHttpStatus(ours.code), header, body: once(ownBytes) };
}

/** A failure over gRPC-Web is a frame of trailers behind the messages, if any. */
async function* webFrames(body: Body, errorOf: ErrorOf): AsyncGenerator<Uint8Array> {
  for await (const frame of body) {
    const trailer = frame[0] === trailerFlag ? trailerParse(frame.subarray(FRAME_HEAD)) : undefined;
    const told = trailer && findTrailerError(trailer);
    const reason = told && reasonOf(told);
    if (!trailer || reason === undefined) yield frame;
    else {
      setTrailerStatus(trailer, errorOf(new Failure(reason, { cause: told })));
      yield encodeEnvelope(trailerFlag, trailerSerialize(trailer));
    }
  }
}

/** A flag, and the length in four bytes. */
const FRAME_HEAD = 5;

/** What Connect's own refusal means; undefined for one of ours, which all have details, and for one that has no reason of ours. */
function reasonOf({ code, details }: ConnectError): ErrorReason | undefined {
  return code === Code.InvalidArgument && details.length === 0 ? ErrorReason.MALFORMED_REQUEST : undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
