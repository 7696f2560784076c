import { inspect } from "node:util";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../src/platform/clock.js";
import { createHttpSms } from "../../../src/ports/sms/http-sms.js";
import { SmsRefused, SmsUnavailable } from "../../../src/ports/sms/sms.js";
import { GATEWAY_SECRET, startSmsGatewayTwin } from "../../support/sms-gateway-twin.js";

const MESSAGE = {
  id: "9b2f6a04-0000-4000-8000-000000000001",
  to: "+447418084106",
  text: "Grüße & код: 012345",
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("an SMS arrives signed, with its id, word for word, and with nothing else", async () => {
  const { twin, sms } = await start();

  await sms.send({ ...MESSAGE, code: "012345" });

  expect(twin.faults).toEqual([]);
  expect(twin.received).toEqual([MESSAGE]);
});

test("one that is sent again has the same id, by which the receiver knows it", async () => {
  const { twin, sms } = await start();

  await sms.send(MESSAGE);
  await sms.send(MESSAGE);

  expect(twin.asked).toBe(2);
  expect(twin.received).toEqual([MESSAGE]);
});

test("another secret is not taken, and does not look like a refused number", async () => {
  const { twin } = await start();
  const secret = `whsec_${Buffer.from("two dozen bytes of mine.").toString("base64")}`;
  const sms = createHttpSms({ url: `${twin.url}/sms`, secret }, systemClock);

  expect(await faultOf(sms.send(MESSAGE))).toMatchObject({ name: "SmsUnavailable", code: "HTTP 401" });
  expect(twin.received).toEqual([]);
});

test.each([200, 201, 204])("%i is a receipt", async (status) => {
  const { twin, sms } = await start();
  twin.behave({ kind: "answers", status, body: "" });

  await expect(sms.send(MESSAGE)).resolves.toBeUndefined();
});

test.each([400, 402, 410, 422])("%i refuses the number", async (status) => {
  const { twin, sms } = await start();
  twin.behave({ kind: "answers", status, body: MESSAGE.to });

  const refusal = await faultOf(sms.send(MESSAGE));

  expect(refusal).toBeInstanceOf(SmsRefused);
  expect(refusal).toMatchObject({ code: `HTTP ${status}` });
});

test.each([401, 403, 404, 405, 408, 429, 500, 502, 503])("%i is the vendor's trouble", async (status) => {
  const { twin, sms } = await start();
  twin.behave({ kind: "answers", status, body: MESSAGE.to });

  const fault = await faultOf(sms.send(MESSAGE));

  expect(fault).toBeInstanceOf(SmsUnavailable);
  expect(fault).toMatchObject({ code: `HTTP ${status}`, isDown: true });
});

test("a redirect is not followed, for the code would go with it", async () => {
  const { twin, sms } = await start();
  const { twin: other } = await start();
  twin.behave({ kind: "answers", status: 307, body: "", location: `${other.url}/sms` });

  expect(await faultOf(sms.send(MESSAGE))).toMatchObject({ name: "SmsUnavailable", code: "HTTP 307" });
  expect(other.asked).toBe(0);
});

test.each([
  ["silence", { kind: "is silent" }, "timeout"],
  ["a connection that breaks", { kind: "resets" }, /^(ECONNRESET|UND_ERR_SOCKET)$/],
] as const)("%s is the vendor's trouble", async (_what, behaviour, code) => {
  const { twin, sms } = await start({ timeoutMs: 200 });
  twin.behave(behaviour);

  const fault = await faultOf(sms.send(MESSAGE));

  expect(fault).toBeInstanceOf(SmsUnavailable);
  expect(fault).toMatchObject({ code: expect.stringMatching(code) });
});

test("an answer without end keeps nobody waiting: its status says it all", async () => {
  const { twin, sms } = await start();
  twin.behave({ kind: "trickles" });

  await expect(sms.send(MESSAGE)).resolves.toBeUndefined();
}, 2000);

test("a vendor that is down is told as such, without number, text or secret", async () => {
  const { twin, sms } = await start();
  await twin.stop();

  const fault = await faultOf(sms.send(MESSAGE));

  expect(fault).toMatchObject({ name: "SmsUnavailable", code: "ECONNREFUSED" });
  const everything = inspect(fault, { depth: null, showHidden: true });
  for (const hidden of [MESSAGE.to.slice(1), "012345", GATEWAY_SECRET])
    expect(everything).not.toContain(hidden);
});

async function start({ timeoutMs }: { timeoutMs?: number } = {}) {
  const twin = await startSmsGatewayTwin();
  closing.push(twin.stop);
  const settings = { url: `${twin.url}/sms`, secret: GATEWAY_SECRET, ...(timeoutMs && { timeoutMs }) };
  return { twin, sms: createHttpSms(settings, systemClock) };
}

const faultOf = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => expect.fail("it worked"),
    (fault: unknown) => fault,
  );
