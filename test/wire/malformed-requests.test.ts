import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../src/platform/failure.js";
import { limitMalformedRequests } from "../../src/wire/malformed-requests.js";

const MALFORMED = new Failure(ErrorReason.MALFORMED_BODY);
const BURST = 300;

function limiter() {
  const now = { ms: 0 };
  const malformed = limitMalformedRequests(() => now.ms);
  const retryAfter = (client: string): number | undefined => {
    try {
      malformed.check(client);
      return undefined;
    } catch (error) {
      return error instanceof Failure ? error.retryAfterSeconds : Number.NaN;
    }
  };
  return { now, malformed, retryAfter };
}

test("a client is refused after a burst of malformed requests, and others are not", () => {
  const { malformed, retryAfter } = limiter();
  for (let sent = 0; sent < BURST - 1; sent++) malformed.count(MALFORMED, "one", 10);
  expect(retryAfter("one")).toBeUndefined();

  malformed.count(MALFORMED, "one", 10);

  expect(retryAfter("one")).toBe(1);
  expect(retryAfter("another")).toBeUndefined();
});

test("five requests a second are forgiven", () => {
  const { now, malformed, retryAfter } = limiter();
  for (let sent = 0; sent < BURST; sent++) malformed.count(MALFORMED, "one", 10);

  now.ms += 1000;
  for (let sent = 0; sent < 4; sent++) malformed.count(MALFORMED, "one", 10);
  expect(retryAfter("one")).toBeUndefined();
  malformed.count(MALFORMED, "one", 10);

  expect(retryAfter("one")).toBe(1);
});

test("a long request counts more than a short one, and a file that is too large no more than that", () => {
  const { malformed, retryAfter } = limiter();
  for (let sent = 0; sent < 17; sent++) malformed.count(MALFORMED, "one", 65_536);
  expect(retryAfter("one")).toBeUndefined();

  malformed.count(MALFORMED, "one", 65_536);
  for (let sent = 0; sent < 17; sent++) malformed.count(MALFORMED, "another", Number.MAX_SAFE_INTEGER);

  expect(retryAfter("one")).toBe(1);
  expect(retryAfter("another")).toBeUndefined();
});

test("what is refused for another reason is not counted", () => {
  const { malformed, retryAfter } = limiter();
  const refused = new Failure(ErrorReason.CREDENTIALS_INVALID);

  for (let sent = 0; sent < 2 * BURST; sent++) {
    malformed.count(refused, "one", 10);
    malformed.count(new Error("no failure"), "one", 10);
  }

  expect(retryAfter("one")).toBeUndefined();
});
