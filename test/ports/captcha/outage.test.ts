import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { withinCall } from "../../../src/platform/deadline.js";
import { type Logger, silentLogger } from "../../../src/platform/logger.js";
import type { CaptchaTwin } from "../../support/captcha/captcha-twin.js";
import { startGeetestTwin } from "../../support/captcha/geetest-twin.js";
import { captchaAt, is, openedTwin, SIGN_UP } from "../../support/captcha/opened.js";
import { captchaTwins } from "../../support/captcha/twins.js";

const unavailable = is(ErrorReason.CAPTCHA_UNAVAILABLE);
const open = { CAPTCHA_OUTAGE: "open" };
const answering = (status: number, body: string) => (twin: CaptchaTwin) =>
  twin.behave({ kind: "answers", status, body });

const soon = { timeoutMs: 300 };

type Surroundings = Parameters<typeof captchaAt>[2];

const outages: readonly (readonly [string, (twin: CaptchaTwin) => unknown, Surroundings])[] = [
  ["that cannot be reached", (twin) => twin.stop(), {}],
  ["that hangs up", (twin) => twin.behave({ kind: "resets" }), {}],
  ["that is silent", (twin) => twin.behave({ kind: "is silent" }), soon],
  ["that sends a byte at a time", (twin) => twin.behave({ kind: "trickles" }), soon],
  ["that answers 500", answering(500, '{"success":true,"result":"success"}'), {}],
  ["that answers 503", answering(503, ""), {}],
  ["behind a proxy with a page of its own", answering(200, "<html>maintenance</html>"), {}],
  ["that answers nothing", answering(200, ""), {}],
  ["that answers another form of JSON", answering(200, '{"success":"true"}'), {}],
  ["that answers a list", answering(200, "[true]"), {}],
  ["without an end to its answer", answering(200, "x".repeat(200_000)), {}],
];

const noOutages: readonly (readonly [string, (twin: CaptchaTwin) => unknown])[] = [
  ["answers 400", answering(400, "<html>bad request</html>")],
  ["answers 403", answering(403, "")],
  ["answers 429", answering(429, "slow down")],
  // Whoever follows it makes a request that the twin does not know.
  [
    "redirects",
    (twin) => twin.behave({ kind: "answers", status: 307, body: "", location: `${twin.url}/elsewhere` }),
  ],
];

describe.each(captchaTwins)("%s", (_name, startTwin) => {
  test.each(outages)(
    "a vendor %s lets nobody pass, unless outages are open",
    async (_what, breakDown, wait) => {
      const twin = await openedTwin(startTwin);
      const answer = twin.solve(SIGN_UP.action);
      await breakDown(twin);

      await expect(captchaAt(twin, {}, wait).verify(answer, SIGN_UP)).rejects.toSatisfy(unavailable);
      await expect(captchaAt(twin, open, wait).verify(answer, SIGN_UP)).resolves.toBeUndefined();
    },
  );

  test.each(noOutages)("a vendor that %s is not out, and lets nobody pass", async (_what, behave) => {
    const twin = await openedTwin(startTwin);
    await behave(twin);

    for (const mode of [open, {}]) {
      const verifying = captchaAt(twin, mode).verify(twin.solve(SIGN_UP.action), SIGN_UP);
      await expect(verifying).rejects.toSatisfy(unavailable);
    }
  });

  test("a caller who hangs up while the vendor thinks does not pass for an outage", async () => {
    const twin = await openedTwin(startTwin);
    twin.behave({ kind: "is silent" });
    const captcha = captchaAt(twin, open, { timeoutMs: 10_000 });

    const verifying = withinCall({ signal: AbortSignal.timeout(50) }, () =>
      captcha.verify(twin.solve(SIGN_UP.action), SIGN_UP),
    );

    await expect(verifying).rejects.toSatisfy(unavailable);
  }, 5000);

  test("whoever passes in an outage is told of once a minute, without the answer or our secrets", async () => {
    const twin = await openedTwin(startTwin);
    twin.behave({ kind: "answers", status: 502, body: "what the vendor says" });
    const warnings: unknown[] = [];
    let now = new Date("2026-11-26T08:00:00Z");
    const clock = () => now;
    const logger: Logger = {
      ...silentLogger,
      warn: (details, message) => warnings.push([details, message]),
    };
    const captcha = captchaAt(twin, open, { clock, logger });
    const pass = () => captcha.verify(twin.solve(SIGN_UP.action), SIGN_UP);

    await pass();
    await pass();
    now = new Date("2026-11-26T08:00:59Z");
    await pass();
    now = new Date("2026-11-26T08:01:00Z");
    await pass();

    const warning = "the captcha vendor is down: requests pass without being checked";
    expect(warnings).toEqual([
      [{ reason: "HTTP_502", unchecked: 1 }, warning],
      [{ reason: "HTTP_502", unchecked: 3 }, warning],
    ]);
  });
});

test.each(outages)(
  "Geetest %s gives no challenge, also where outages are open",
  async (_what, breakDown, wait) => {
    const twin = await openedTwin(startGeetestTwin);
    await breakDown(twin);

    await expect(captchaAt(twin, open, wait).registerGeetest()).rejects.toSatisfy(unavailable);
  },
);
