import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { fileURLToPath } from "node:url";
import { inspect, promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { withinCall } from "../../../src/platform/deadline.js";
import { type SmsProvider, SmsRefused, SmsUnavailable } from "../../../src/ports/sms/sms.js";
import { createTwilioSms } from "../../../src/ports/sms/twilio-sms.js";
import { startTwilioTwin, TWILIO, type TwilioTwin, twilioError } from "../../support/twilio-twin.js";

const MESSAGE = {
  id: "9b2f6a04-0000-4000-8000-000000000001",
  to: "+447418084106",
  text: "Your verification code for Barong: 012345",
  code: "012345",
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("an SMS arrives from the configured sender, word for word", async () => {
  const { twin, sms } = await start();

  await sms.send({ ...MESSAGE, text: "Grüße & код + 5% = 012345" });

  expect(twin.faults).toEqual([]);
  expect(twin.received).toEqual([{ to: MESSAGE.to, from: TWILIO.from, body: "Grüße & код + 5% = 012345" }]);
});

test("the address may be that of a proxy, with a path", async () => {
  const { twin } = await start();
  const sms = await createTwilioSms({ ...TWILIO, url: `${twin.url}/twilio/` });

  await expect(sms.send(MESSAGE)).rejects.toMatchObject({ code: "20404" });

  const path = `/twilio/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json`;
  expect(twin.faults).toEqual([`no ${path}`]);
});

test("the host is the one of the address and no other, whatever it is called", async () => {
  // The client would ask a host "proxy.invalid.proxy.invalid" here, and tell it the password.
  const sms = await createTwilioSms({ ...TWILIO, url: "http://proxy.invalid" });
  const hosts: string[] = [];
  const look = (message: unknown) => hosts.push((message as { request: ClientRequest }).request.host);
  subscribe("http.client.request.start", look);
  closing.push(() => unsubscribe("http.client.request.start", look));

  await refusalOf(sms.send(MESSAGE));

  expect(hosts).toEqual(["proxy.invalid"]);
});

test.each([21211, 21214, 21217, 21408, 21608, 21610, 21612, 21614, 21635])(
  "Twilio's %i is about the number",
  async (code) => {
    const { twin, sms } = await start();
    twin.behave(twilioError(400, code));

    const refusal = await refusalOf(sms.send(MESSAGE));

    expect(refusal).toBeInstanceOf(SmsRefused);
    expect(refusal).toMatchObject({ code: String(code) });
  },
);

test.each([
  ["a sender that is not ours", twilioError(400, 21606), "21606"],
  ["a wrong password", twilioError(401, 20003), "20003"],
  ["too many at once", twilioError(429, 20429), "20429"],
  ["an error inside", twilioError(500, 20500), "20500"],
  ["a page of a proxy", { kind: "answers", status: 502, body: "<html>Bad gateway</html>" }, "HTTP 502"],
  ["an error without a code", { kind: "answers", status: 503, body: "{}" }, "HTTP 503"],
  ["a redirect", { kind: "answers", status: 307, body: "" }, "HTTP 307"],
  ["a success that is a page", { kind: "answers", status: 200, body: "<html></html>" }, "unreadable"],
  ["a success without a receipt", { kind: "answers", status: 201, body: "{}" }, "unreadable"],
  ["a success that is no object", { kind: "answers", status: 201, body: "null" }, "unreadable"],
  [
    "a code that is a text",
    { kind: "answers", status: 400, body: `{"code":"to ${MESSAGE.to}"}` },
    "HTTP 400",
  ],
  ["a connection that breaks", { kind: "resets" }, "ECONNRESET"],
  ["silence", { kind: "is silent" }, "ERR_CANCELED"],
  ["an answer without end", { kind: "trickles" }, "ERR_CANCELED"],
  [
    "an answer too large",
    { kind: "answers", status: 201, body: `{"sid":"${"x".repeat(100_000)}"}` },
    "ERR_BAD_RESPONSE",
  ],
] as const)("%s is the vendor's trouble, and worth another try", async (_what, behaviour, code) => {
  const { twin, sms } = await start({ timeoutMs: 300 });
  twin.behave(behaviour);

  const began = performance.now();
  const refusal = await refusalOf(sms.send(MESSAGE));

  expect(performance.now() - began).toBeLessThan(5000);
  expect(refusal).toBeInstanceOf(SmsUnavailable);
  // What Twilio has against one SMS need not keep it from taking others.
  expect(refusal).toMatchObject({ code, isDown: code !== "21606" });
  twin.behave({ kind: "works" });
  await sms.send(MESSAGE);
  expect(twin.received).toHaveLength(1);
});

test("a vendor that is down is told as such", async () => {
  const { twin, sms } = await start();
  await twin.stop();

  expect(await refusalOf(sms.send(MESSAGE))).toMatchObject({ name: "SmsUnavailable", code: "ECONNREFUSED" });
});

test("no failure holds the number, the code, or the password", async () => {
  const { twin, sms } = await start({ timeoutMs: 300 });
  const behaviours = [
    twilioError(400, 21211, `Invalid 'To' Phone Number: ${MESSAGE.to}, ${MESSAGE.text}`),
    twilioError(500, 20500, MESSAGE.text),
    { kind: "resets" },
    { kind: "is silent" },
  ] as const;

  for (const behaviour of behaviours) {
    twin.behave(behaviour);
    const everything = inspect(await refusalOf(sms.send(MESSAGE)), { depth: null, showHidden: true });
    for (const secret of [MESSAGE.to, MESSAGE.to.slice(1), MESSAGE.code, TWILIO.authToken]) {
      expect(everything).not.toContain(secret);
    }
  }
});

test("waiting ends when the caller has gone", async () => {
  const { twin, sms } = await start();
  twin.behave({ kind: "is silent" });
  const call = AbortSignal.timeout(50);

  const sending = withinCall({ signal: call }, () => sms.send(MESSAGE));

  // It says nothing about Twilio.
  await expect(sending).rejects.toMatchObject({ name: "SmsUnavailable", isDown: false });
}, 2000);

test("a server without Twilio does not load its client", async () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const program = `
    await import("./src/ports/sms/twilio-sms.ts");
    const { createRequire } = await import("node:module");
    const { cache, resolve } = createRequire(process.cwd() + "/package.json");
    process.stdout.write(String(resolve("twilio") in cache));`;

  const arguments_ = ["--import", "tsx", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, { cwd: root });

  expect(stdout).toBe("false");
});

async function start({
  timeoutMs,
}: {
  timeoutMs?: number;
} = {}): Promise<{ twin: TwilioTwin; sms: SmsProvider }> {
  const twin = await startTwilioTwin();
  closing.push(twin.stop);
  const sms = await createTwilioSms({ ...TWILIO, url: twin.url, ...(timeoutMs && { timeoutMs }) });
  closing.push(sms.close);
  return { twin, sms };
}

const refusalOf = (sending: Promise<void>): Promise<unknown> =>
  sending.then(
    () => expect.fail("the SMS was sent"),
    (fault: unknown) => fault,
  );
