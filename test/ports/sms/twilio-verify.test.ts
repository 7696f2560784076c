import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { withinCall } from "../../../src/platform/deadline.js";
import { SmsCheckBarred, SmsRefused, SmsUnavailable } from "../../../src/ports/sms/sms.js";
import { createTwilioVerify } from "../../../src/ports/sms/twilio-verify.js";
import { TWILIO, twilioError } from "../../support/twilio-twin.js";
import { startVerifyTwin, VERIFY_SERVICE } from "../../support/verify-twin.js";

const TO = "+447418084106";
const MESSAGE = {
  id: "9b2f6a04-0000-4000-8000-000000000001",
  to: TO,
  text: "our own 012345",
  code: "012345",
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("Verify texts a code of its own, and knows it once", async () => {
  const { twin, verify } = await start();

  await verify.send(MESSAGE);

  const [{ code = "" } = {}] = twin.sent;
  expect(twin.sent).toEqual([{ to: TO, code: expect.stringMatching(/^\d{6}$/) }]);
  expect(await verify.check?.(TO, code === "000000" ? "000001" : "000000")).toBe(false);
  expect(await verify.check?.(TO, code)).toBe(true);
  expect(await verify.check?.(TO, code)).toBe(false);
  expect(twin.faults).toEqual([]);
});

describe("a code is wrong", () => {
  test("when Verify has forgotten it", async () => {
    const { twin, verify } = await start();
    await verify.send(MESSAGE);
    twin.expire();

    expect(await verify.check?.(TO, twin.sent[0]?.code ?? "")).toBe(false);
  });

  test("when Verify has forgotten it, though it does not say whether the service exists", async () => {
    const { twin, verify } = await start();
    twin.hideService();

    expect(await verify.check?.(TO, "012345")).toBe(false);
    expect(twin.asked).toBe(2);
  });

  test.each(["", "abc", "123", "12345678901", "12 345", "１２３４５６"])(
    "without asking when it is %j",
    async (code) => {
      const { twin, verify } = await start();

      expect(await verify.check?.(TO, code)).toBe(false);

      expect(twin.asked).toBe(0);
    },
  );
});

test("after five wrong codes Verify looks at no more, not even the right one, and that does not make it wrong", async () => {
  const { twin, verify } = await start();
  await verify.send(MESSAGE);
  const { code = "" } = twin.sent[0] ?? {};
  for (let count = 0; count < 5; count += 1)
    expect(await verify.check?.(TO, code === "000000" ? "1111" : "000000")).toBe(false);

  expect(await faultOf(verify.check?.(TO, code))).toBeInstanceOf(SmsCheckBarred);
  twin.behave(twilioError(429, 60202));
  expect(await faultOf(verify.send(MESSAGE))).toMatchObject({ name: "SmsUnavailable", isDown: false });
});

test("a service that does not exist is our mistake, for SMS and for codes", async () => {
  const { verify } = await start({ serviceSid: "VAffffffffffffffffffffffffffffffff" });

  for (const ask of [() => verify.send(MESSAGE), () => verify.check?.(TO, "012345")]) {
    expect(await faultOf(ask())).toMatchObject({
      name: "SmsUnavailable",
      isDown: true,
      code: "20404, TWILIO_VERIFY_SERVICE_SID is no service of the account",
    });
  }
});

test.each([60203, 60207, 60212])(
  "Verify's %i is too much for one number, not trouble of the vendor",
  async (code) => {
    const { twin, verify } = await start();
    twin.behave(twilioError(429, code));

    expect(await faultOf(verify.send(MESSAGE))).toMatchObject({ name: "SmsUnavailable", isDown: false });
    expect(await faultOf(verify.check?.(TO, "012345"))).toMatchObject({ isDown: false });
  },
);

test.each([60238, 60410, 60605])("Verify's %i is for every vendor", async (code) => {
  const { twin, verify } = await start();
  twin.behave(twilioError(403, code));

  expect(await faultOf(verify.send(MESSAGE))).toMatchObject({ name: "SmsRefused", isFinal: true });
});

test.each([60200, 60205, 60238, 60410, 60605])("Verify's %i is about the number", async (code) => {
  const { twin, verify } = await start();
  twin.behave(twilioError(403, code));

  const refusal = await faultOf(verify.send(MESSAGE));

  expect(refusal).toBeInstanceOf(SmsRefused);
  expect(refusal).toMatchObject({ code: String(code) });
});

test.each([
  ["a wrong password", twilioError(401, 20003), "20003"],
  ["too many at once", twilioError(429, 20429), "20429"],
  ["an error inside", twilioError(500, 20500), "20500"],
  ["a page of a proxy", { kind: "answers", status: 502, body: "<html>Bad gateway</html>" }, "HTTP 502"],
  ["a redirect", { kind: "answers", status: 307, body: "" }, "HTTP 307"],
  ["a success that is a page", { kind: "answers", status: 200, body: "<html></html>" }, "unreadable"],
  ["a success that says nothing", { kind: "answers", status: 201, body: "{}" }, "unreadable"],
  ["a connection that breaks", { kind: "resets" }, "ECONNRESET"],
  ["silence", { kind: "is silent" }, "ERR_CANCELED"],
  ["an answer without end", { kind: "trickles" }, "ERR_CANCELED"],
] as const)("%s is the vendor's trouble, for SMS and for codes", async (_what, behaviour, code) => {
  const { twin, verify } = await start({ timeoutMs: 300, checkTimeoutMs: 300 });
  twin.behave(behaviour);

  for (const ask of [() => verify.send(MESSAGE), () => verify.check?.(TO, "012345")]) {
    const fault = await faultOf(ask());
    expect(fault).toBeInstanceOf(SmsUnavailable);
    expect(fault).toMatchObject({ code, isDown: true });
  }
});

test("nobody waits for a check longer than he may, nor when he has gone", async () => {
  const { twin, verify } = await start({ checkTimeoutMs: 100 });
  twin.behave({ kind: "is silent" });

  expect(await faultOf(verify.check?.(TO, "012345"))).toMatchObject({ name: "SmsUnavailable", isDown: true });
  const patient = await start();
  patient.twin.behave({ kind: "is silent" });
  const leaving = withinCall({ signal: AbortSignal.timeout(50) }, async () =>
    patient.verify.check?.(TO, "012345"),
  );

  // Whoever goes away cannot make a vendor look dead.
  expect(await faultOf(leaving)).toMatchObject({ name: "SmsUnavailable", isDown: false });
}, 2000);

test("no failure holds the number, the code, or the password", async () => {
  const { twin, verify } = await start({ timeoutMs: 300, checkTimeoutMs: 300 });
  for (const behaviour of [twilioError(403, 60205, `${TO} 012345`), { kind: "is silent" }] as const) {
    twin.behave(behaviour);
    const everything = inspect(await faultOf(verify.send(MESSAGE)), { depth: null, showHidden: true });
    for (const secret of [TO.slice(1), "012345", TWILIO.authToken]) expect(everything).not.toContain(secret);
  }
});

async function start(settings: { timeoutMs?: number; checkTimeoutMs?: number; serviceSid?: string } = {}) {
  const twin = await startVerifyTwin();
  closing.push(twin.stop);
  const verify = await createTwilioVerify({
    ...TWILIO,
    serviceSid: VERIFY_SERVICE,
    url: twin.url,
    ...settings,
  });
  closing.push(verify.close);
  return { twin, verify };
}

const faultOf = async (asking: Promise<unknown> | undefined): Promise<unknown> =>
  asking?.then(
    () => expect.fail("it worked"),
    (fault: unknown) => fault,
  );
