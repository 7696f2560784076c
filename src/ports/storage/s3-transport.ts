import http from "node:http";
import https from "node:https";
import { callSignal } from "../../platform/deadline.js";

/** Statuses after which minio's client forgets an answer without reading it. */
const LEFT_UNREAD: ReadonlySet<number | undefined> = new Set([408, 429, 499, 500, 502, 503, 504, 520]);

type Request = typeof http.request;

/**
 * How minio's client, which knows no timeouts, speaks HTTP: a request ends with the operation it is part of, and when the other
 * side has been silent for too long.
 */
export function createTransport(protocol: string, silenceMs: number): { request: Request } {
  const { request } = protocol === "https:" ? https : http;
  const bounded = (options: http.RequestOptions, onAnswer: (answer: http.IncomingMessage) => void) => {
    const signal = callSignal();
    const sent = request({ ...options, timeout: silenceMs, ...(signal && { signal }) }, (answer) => {
      // Unread, it would keep its connection open.
      if (LEFT_UNREAD.has(answer.statusCode)) answer.resume();
      onAnswer(answer);
    });
    return sent.on("timeout", () => sent.destroy(new Error(`silent for ${silenceMs} ms`)));
  };
  // Of the forms of request() the client uses this one only.
  return { request: bounded as Request };
}
