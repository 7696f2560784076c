import { connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";

export interface Frame {
  readonly flags?: number;
  /** What the frame says of its length. */
  readonly length?: number;
}

export function frame(message: Uint8Array, { flags = 0, length = message.length }: Frame = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

export interface GrpcAnswer {
  readonly status: number;
  readonly code: number;
  readonly reasons: readonly string[];
}

/** Sends bytes as the body of a gRPC request, as no client library would. */
export async function sendFrames(
  address: string,
  path: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<GrpcAnswer> {
  const session = connect(`http://${address}`);
  const head = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ...head, ...headers });
  const answer = { status: 0, code: -1, reasons: [] as string[] };
  const read = (received: NodeJS.Dict<string | string[]>) => {
    if (received["grpc-status"] !== undefined) answer.code = Number(received["grpc-status"]);
    answer.reasons.push(...reasonsInStatus(String(received["grpc-status-details-bin"] ?? "")));
  };
  stream.on("response", (received) => {
    answer.status = Number(received[":status"]);
    read(received);
  });
  stream.on("trailers", read);
  stream.on("error", () => undefined);
  stream.resume().end(body);
  await new Promise((resolve) => stream.once("close", resolve));
  session.destroy();
  return answer;
}

/** The reasons in a `grpc-status-details-bin`. */
const reasonsInStatus = (details: string): string[] =>
  fromBinary(StatusSchema, Buffer.from(details, "base64")).details.flatMap((detail) => {
    const info = anyUnpack(detail, ErrorInfoSchema);
    return info ? [info.reason] : [];
  });
