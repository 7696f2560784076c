import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { LATE_REQUEST, refuseBrokenRequest } from "./broken-requests.js";

/** How much of a body has to come in each stretch of time. */
export interface Pace {
  readonly milliseconds: number;
  readonly bytes: number;
}

// Seventy kilobits per second: slower than any line that would carry photographs, fast enough that nobody holds a file open for days.
const LEAST_PACE: Pace = { milliseconds: 60_000, bytes: 512 * 1024 };

const inPace = new WeakSet<Socket>();

/**
 * Lets the body of a request take as long as it keeps pace. Node grants every request the same time, which no honest upload over a slow
 * line can keep, and which cannot be set for some requests alone: a time long enough for these would let anybody hold thousands of
 * connections with a byte now and then. So files are measured by what arrives, and all else by node's clock.
 */
export function keepPace(raw: IncomingMessage, { milliseconds, bytes }: Pace = LEAST_PACE): void {
  const { socket } = raw;
  let before = socket.bytesRead;
  const watch = setInterval(() => {
    if (raw.complete) stop();
    else if (socket.bytesRead - before < bytes) {
      stop();
      refuseBrokenRequest(
        Object.assign(new Error("the upload does not keep pace"), { code: LATE_REQUEST }),
        socket,
      );
    }
    before = socket.bytesRead;
  }, milliseconds);
  // A connection alone keeps the process alive.
  watch.unref();
  const stop = () => {
    clearInterval(watch);
    inPace.delete(socket);
  };
  inPace.add(socket);
  raw.once("end", stop).once("close", stop);
}

/** Answers what node reports as no HTTP or as late; an upload in pace is not late. */
export function refuseUnlessInPace(error: Error & { code?: string }, socket: Socket): void {
  if (error.code !== LATE_REQUEST || !inPace.has(socket)) refuseBrokenRequest(error, socket);
}
