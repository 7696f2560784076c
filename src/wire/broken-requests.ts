import { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { rulesOf } from "../platform/failure.js";

/** Answers what is no HTTP: there is no request, so there is no reply either. */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (socket.writable && !isAnswering(socket)) {
    const [status, reason] = brokenRequests[error.code ?? ""] ?? [
      "400 Bad Request",
      ErrorReason.MALFORMED_REQUEST,
    ];
    const body = JSON.stringify({ errors: [rulesOf(reason).code] });
    socket.write(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

/** As node calls a request that was not complete in time. */
export const LATE_REQUEST = "ERR_HTTP_REQUEST_TIMEOUT";

/** Whether an answer has begun to be sent, into which another must not be mixed. Node itself asks the same way. */
function isAnswering(socket: Socket): boolean {
  const answer = "_httpMessage" in socket ? socket._httpMessage : undefined;
  return answer instanceof ServerResponse && answer.headersSent;
}

const brokenRequests: Readonly<Record<string, readonly [string, ErrorReason]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", ErrorReason.MALFORMED_REQUEST],
  [LATE_REQUEST]: ["408 Request Timeout", ErrorReason.DEADLINE_EXCEEDED],
};
