import { type DescMethod, fromBinary, fromJsonString, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { compressedFlag, encodeEnvelope } from "@connectrpc/connect/protocol";
import * as connect from "@connectrpc/connect/protocol-connect";
import * as grpcWeb from "@connectrpc/connect/protocol-grpc-web";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";
import { collect, decompress, type RawRequest } from "../transcoding/body.js";
import { boundJson, boundMessage } from "./message-bounds.js";

/** How a request of Connect or gRPC-Web carries its message. */
export interface BodyFormat {
  readonly isBinary: boolean;
  /** The header that names the compression. */
  readonly encodingHeader: string;
  /** Marks an envelope that holds no message. Undefined when the body is the message itself. */
  readonly endFlag: number | undefined;
}

/** Returns undefined for a content type of neither protocol. */
export function bodyFormatOf(contentType: string | null): BodyFormat | undefined {
  const byConnect = connect.parseContentType(contentType);
  if (byConnect) {
    const { binary: isBinary, stream } = byConnect;
    return stream
      ? { isBinary, encodingHeader: connect.headerStreamEncoding, endFlag: connect.endStreamFlag }
      : { isBinary, encodingHeader: connect.headerUnaryEncoding, endFlag: undefined };
  }
  const byWeb = grpcWeb.parseContentType(contentType);
  return (
    byWeb && {
      isBinary: byWeb.binary,
      encodingHeader: grpcWeb.headerEncoding,
      endFlag: grpcWeb.trailerFlag,
    }
  );
}

/** The body of a request whose fields are all unset. */
export function emptyBodyIn({ isBinary, endFlag }: BodyFormat): Uint8Array {
  const message = isBinary ? new Uint8Array(0) : EMPTY_JSON;
  return endFlag === undefined ? message : encodeEnvelope(0, message);
}

/** An error of the protocol that is returned as Connect returns it: it has no reason in the catalogue. */
export class ConnectProtocolError extends Error {
  override readonly name = "ConnectProtocolError";
  constructor(readonly connectError: ConnectError) {
    super(connectError.message);
  }
}

/**
 * Reads the message of a request. At most `limit` bytes are read, decompressed and decoded.
 * Throws TranscodingError, Failure, ConnectProtocolError.
 */
export async function readMessage(
  raw: RawRequest,
  header: Headers,
  method: DescMethod,
  limit: number,
): Promise<Message> {
  const format = bodyFormatOf(header.get("content-type"));
  if (!format) throw new Failure(ErrorReason.UNSUPPORTED_MEDIA_TYPE);
  const { endFlag, isBinary } = format;
  const encoding = header.get(format.encodingHeader) ?? IDENTITY;
  if (endFlag === undefined) {
    const sent = await collect(raw, limit);
    return decode(await decompress(sent, encoding, limit), method, isBinary);
  }
  const body = await collect(raw, limit + MAX_ENVELOPE_BYTES);
  const { flags, data } = soleEnvelope(body, endFlag, limit);
  if ((flags & compressedFlag) === 0) return decode(data, method, isBinary);
  if (encoding === IDENTITY)
    throw protocolError("received a compressed envelope without encoding", Code.Internal);
  return decode(await decompress(data, encoding, limit), method, isBinary);
}

const IDENTITY = "identity";
const EMPTY_JSON = Buffer.from("{}");

/** A flag, and the length in four bytes. */
const ENVELOPE_HEAD = 5;

/** What a request may have besides its message: its envelope, and that which ends the stream. */
const MAX_ENVELOPE_BYTES = 1024;

interface Envelope {
  readonly flags: number;
  readonly data: Buffer;
}

function soleEnvelope(body: Buffer, endFlag: number, limit: number): Envelope {
  let sole: Envelope | undefined;
  for (let rest = body; rest.length > 0; ) {
    if (rest.length < ENVELOPE_HEAD) throw incompleteEnvelope();
    const flags = rest.readUInt8(0);
    const end = ENVELOPE_HEAD + rest.readUInt32BE(1);
    if (end - ENVELOPE_HEAD > limit) throw new Failure(ErrorReason.BODY_TOO_LARGE);
    if (rest.length < end) throw incompleteEnvelope();
    if ((flags & endFlag) === 0) {
      if (sole) throw protocolError("received extra input message", Code.Unimplemented);
      sole = { flags, data: rest.subarray(ENVELOPE_HEAD, end) };
    }
    rest = rest.subarray(end);
  }
  if (!sole) throw protocolError("missing input message", Code.Unimplemented);
  return sole;
}

const incompleteEnvelope = () =>
  new Failure(ErrorReason.MALFORMED_BODY, { cause: new Error("incomplete envelope") });

const protocolError = (sentence: string, code: Code) =>
  new ConnectProtocolError(new ConnectError(`protocol error: ${sentence}`, code));

function decode(bytes: Buffer, method: DescMethod, isBinary: boolean): Message {
  const text = isBinary ? "" : utf8.decode(bytes);
  if (isBinary) boundMessage(method.input, bytes);
  else boundJson(text);
  try {
    return isBinary ? fromBinary(method.input, bytes) : fromJsonString(method.input, text, JSON_OPTIONS);
  } catch (cause) {
    throw new Failure(ErrorReason.MALFORMED_BODY, { cause });
  }
}

// Both as Connect itself reads JSON.
const utf8 = new TextDecoder();
const JSON_OPTIONS = { ignoreUnknownFields: true };
