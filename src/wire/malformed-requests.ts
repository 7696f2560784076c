import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { monotonicMilliseconds } from "../platform/clock.js";
import { Failure } from "../platform/failure.js";
import { TranscodingError } from "../transcoding/error.js";
import { Refusal } from "./steps/breaches.js";

/** Malformed requests of one client: so many at once, and so many a second from then on. */
const BURST = 300;
const PER_SECOND = 5;

/** A large request costs more to refuse: it counts once more for each of these, up to what a request may have that carries no files. */
const BYTES_PER_COUNT = 4096;
const MAX_MORE = 16;

/** Clients remembered; those that have sent nothing malformed for longest are forgotten. */
const MAX_CLIENTS = 10_000;

interface Bucket {
  readonly left: number;
  /** In monotonic milliseconds. */
  readonly at: number;
}

export interface MalformedRequests {
  /** Throws Failure(TOO_MANY_REQUESTS) while the client has sent too many malformed requests. Call before a request is read. */
  check(client: string): void;
  /** Counts a request of so many bytes if it was refused for its form. */
  count(error: unknown, client: string, bytes: number): void;
}

/**
 * Limits the requests of a client that are refused for their form: a signed-in user, or the network of a stranger. Such requests never reach
 * the limits of their method, and cost time to read. The counts are those of this process: a look into the database would cost more than most
 * of what they limit.
 */
export function limitMalformedRequests(now: () => number = monotonicMilliseconds): MalformedRequests {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_CLIENTS });

  const leftOf = (client: string): number => {
    const bucket = buckets.get(client);
    if (bucket === undefined) return BURST;
    return Math.min(BURST, bucket.left + ((now() - bucket.at) / 1000) * PER_SECOND);
  };

  return {
    check(client) {
      const left = leftOf(client);
      if (left >= 1) return;
      const retryAfterSeconds = Math.ceil((1 - left) / PER_SECOND);
      throw new Failure(ErrorReason.TOO_MANY_REQUESTS, { retryAfterSeconds });
    },

    count(error, client, bytes) {
      if (!isAboutForm(error)) return;
      const counts = 1 + Math.min(MAX_MORE, Math.floor(bytes / BYTES_PER_COUNT));
      buckets.set(client, { left: Math.max(0, leftOf(client) - counts), at: now() });
    },
  };
}

/** For servers without limits on attempts. */
export const countNoMalformedRequests: MalformedRequests = { check() {}, count() {} };

const ABOUT_FORM: ReadonlySet<ErrorReason> = new Set([
  ErrorReason.MALFORMED_BODY,
  ErrorReason.MALFORMED_REQUEST,
  ErrorReason.MALFORMED_URL,
  ErrorReason.BODY_TOO_LARGE,
  ErrorReason.REQUEST_TOO_COMPLEX,
  ErrorReason.UNSUPPORTED_MEDIA_TYPE,
]);

const isAboutForm = (error: unknown): boolean =>
  error instanceof Refusal ||
  error instanceof TranscodingError ||
  (error instanceof Failure && error.reasons.some((reason) => ABOUT_FORM.has(reason)));
