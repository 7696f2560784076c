import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { recordingLogger } from "../../faults/observed.js";
import { describeEachDatabase } from "../../support/databases.js";
import { codeIn, freshNumber, otherThan, phoneOwner } from "../../support/phone-owner.js";
import { expectRefusal } from "../../support/rest.js";
import { secondsLater } from "../../support/seconds-later.js";
import { startSmsGatewayTwin } from "../../support/sms-gateway-twin.js";
import { type Started, start } from "../../support/start-app.js";
import { startTwilioTwin, twilioError } from "../../support/twilio-twin.js";
import { startVerifyTwin } from "../../support/verify-twin.js";

const WRONG = "resource.phone.verification_invalid";
const INVALID = "resource.phone.invalid_num";
const VENDOR = "resource.phone.twillio";
const TOO_MANY = "server.too_many_requests";
const HOUR = 3600;
const DAY = 24 * HOUR;

type App = Started & { stop(): Promise<void> };

describeEachDatabase("SMS by several vendors", (database) => {
  const now = { moment: new Date() };
  const { logger, lines } = recordingLogger();
  let verify: Awaited<ReturnType<typeof startVerifyTwin>>;
  let twilio: Awaited<ReturnType<typeof startTwilioTwin>>;
  let gateway: Awaited<ReturnType<typeof startSmsGatewayTwin>>;
  let app: App;

  const pass = (seconds: number) => {
    now.moment = secondsAfter(now.moment, seconds);
  };
  const later = <T>(look: () => T) => secondsLater({ now, outbox: app.rooms.outbox }, look);

  beforeAll(async () => {
    verify = await startVerifyTwin();
    twilio = await startTwilioTwin();
    gateway = await startSmsGatewayTwin({ now: () => now.moment });
    const environment = {
      ...verify.environment,
      ...twilio.environment,
      ...gateway.environment,
      SMS_PROVIDERS: "twilio_verify,twilio,http",
    };
    app = await start(database, { environment, logger, clock: () => now.moment });
  });
  // Every test has its own hour, and vendors that have rested.
  beforeEach(() => pass(HOUR));
  afterEach(async () => {
    for (const twin of [verify, twilio, gateway]) twin.behave({ kind: "works" });
    const waiting = () =>
      app.rooms.outbox.list({ channel: "sms", state: "waiting" }, { offset: 0, limit: 1 });
    await later(waiting).toMatchObject({ total: 0 });
    expect([...verify.faults, ...twilio.faults, ...gateway.faults]).toEqual([]);
  });
  afterAll(async () => {
    await app.stop();
    for (const twin of [verify, twilio, gateway]) await twin.stop();
  });

  const sentTo = (number: string) => verify.sent.filter(({ to }) => to === `+${number}`);
  const textsTo = (number: string) => twilio.received.filter(({ to }) => to === `+${number}`);
  const postedTo = (number: string) => gateway.received.filter(({ to }) => to === `+${number}`);

  describe("Verify first", () => {
    test("texts a code of its own and is asked for it: the wrong one is refused, the right one good once", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];

      expect((await dana.add(number)).status).toBe(201);

      const code = sentTo(number)[0]?.code ?? "";
      expect([sentTo(number).length, textsTo(number).length]).toEqual([1, 0]);
      expectRefusal(await dana.verify(number, otherThan(code)), 404, WRONG);
      expectRefusal(await dana.verify(number, "no code"), 404, WRONG);
      expect((await dana.verify(number, ` ${code.slice(0, 3)} ${code.slice(3)}`)).status).toBe(201);
      expectRefusal(await dana.verify(number, code), 400, "resource.phone.number_exist");
    });

    test("has enough of five wrong codes, as we have, until another is sent", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      await dana.add(number);
      const code = sentTo(number)[0]?.code ?? "";
      const asked = verify.asked;
      for (let count = 0; count < 5; count += 1) await dana.verify(number, otherThan(code));

      expectRefusal(await dana.verify(number, code), 404, WRONG);

      expect(verify.asked - asked).toBe(5);
    });

    test("has forgotten a code: it is wrong", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      await dana.add(number);
      verify.expire();

      expectRefusal(await dana.verify(number, sentTo(number)[0]?.code ?? ""), 404, WRONG);
    });

    test("cannot be asked: 503, no guess is used up, and the code is good when it is back", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      await dana.add(number);
      const code = sentTo(number)[0]?.code ?? "";
      verify.behave({ kind: "resets" });
      for (let count = 0; count < 7; count += 1) {
        const refused = await dana.verify(number, code);
        expectRefusal(refused, 503, VENDOR);
        expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      }

      verify.behave({ kind: "works" });
      pass(60);

      expect((await dana.verify(number, code)).status).toBe(201);
    });

    test("approves one of many that come at once", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      await dana.add(number);
      const code = sentTo(number)[0]?.code ?? "";

      const answers = await Promise.all(Array.from({ length: 4 }, () => dana.verify(number, code)));

      expect(answers.map(({ status }) => status).sort()).toEqual([201, 404, 404, 404]);
    });
  });

  describe("a vendor that does not take an SMS", () => {
    test.each([
      ["is down", twilioError(503, 20503)],
      ["breaks the connection", { kind: "resets" }],
      ["refuses the number", twilioError(403, 60205)],
      ["has something against it", twilioError(400, 20001)],
    ] as const)("and %s is followed by the next, which texts our own code", async (_what, trouble) => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      verify.behave(trouble);

      expect((await dana.add(number)).status).toBe(201);

      expect([sentTo(number).length, textsTo(number).length, postedTo(number).length]).toEqual([0, 1, 0]);
      const asked = verify.asked;
      const code = codeIn(textsTo(number)[0]?.body);
      expectRefusal(await dana.verify(number, otherThan(code)), 404, WRONG);
      expect((await dana.verify(number, code)).status).toBe(201);
      expect(verify.asked).toBe(asked);
    });

    test("is followed to the last of them, which gets it signed and with its id", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      for (const twin of [verify, twilio]) twin.behave({ kind: "resets" });

      expect((await dana.add(number)).status).toBe(201);

      const [sms] = postedTo(number);
      expect(sms?.text).toMatch(/^Your verification code for Barong: \d{6}$/);
      expect((await dana.verify(number, codeIn(sms?.text))).status).toBe(201);
    });

    test("rests: the next SMS do not wait for it, and after the rest it has the first word again", async () => {
      const dana = await phoneOwner(app);
      verify.behave(twilioError(503, 20503));
      await dana.add(freshNumber());
      verify.behave({ kind: "works" });
      const [during, after] = [freshNumber(), freshNumber()];

      await dana.add(during);
      // As long as a rest can be.
      pass(60);
      await dana.add(after);

      expect([sentTo(during).length, textsTo(during).length]).toEqual([0, 1]);
      expect([sentTo(after).length, textsTo(after).length]).toEqual([1, 0]);
    });

    test("changes whose code counts with every other code that is asked for", async () => {
      const [number, dana] = [freshNumber(), await phoneOwner(app)];
      await dana.add(number);
      const vendors = sentTo(number)[0]?.code ?? "";
      verify.behave(twilioError(503, 20503));
      await dana.sendCode(number);
      verify.behave({ kind: "works" });

      expectRefusal(await dana.verify(number, vendors), 404, WRONG);
      expect((await dana.verify(number, codeIn(textsTo(number)[0]?.body))).status).toBe(201);
    });
  });

  test("a number that every vendor refuses is a dead letter; when one is down, it is not yet", async () => {
    const [bad, good] = [freshNumber(), freshNumber()];
    const dana = await phoneOwner(app);
    verify.behave(twilioError(403, 60205));
    twilio.behave(twilioError(400, 21614));
    gateway.behave({ kind: "answers", status: 422, body: "" });
    await dana.add(bad);
    gateway.behave({ kind: "answers", status: 503, body: "" });

    await dana.add(good);

    const [waits, dead] = (await app.rooms.outbox.list({ channel: "sms" }, { offset: 0, limit: 2 })).rows;
    expect(dead).toMatchObject({
      state: "dead",
      lastError: "nobody delivers SMS to this number (twilio_verify: 60205, twilio: 21614, http: HTTP 422)",
    });
    expect(waits).toMatchObject({
      state: "waiting",
      lastError: "nobody took the SMS (twilio_verify: 60205, twilio: 21614, http: HTTP 503)",
    });
    for (const twin of [verify, twilio, gateway]) twin.behave({ kind: "works" });
    await later(() => sentTo(good)).toHaveLength(1);
    expect(sentTo(bad)).toEqual([]);
  });

  test("nothing that was texted is in the log", () => {
    const log = lines.join("");
    const texted = [...verify.sent, ...twilio.received, ...gateway.received];
    expect(texted.length).toBeGreaterThan(5);
    for (const { to } of texted) expect(log).not.toContain(to.slice(1));
    for (const code of verify.sent.map((sms) => sms.code))
      expect(log).not.toMatch(new RegExp(`"${code}"|\\b${code}\\b`));
  });
});

describeEachDatabase("the costs of SMS altogether", (database) => {
  const now = { moment: new Date() };
  const { logger, lines } = recordingLogger();
  let twilio: Awaited<ReturnType<typeof startTwilioTwin>>;
  let app: App;

  beforeAll(async () => {
    twilio = await startTwilioTwin();
    const environment = {
      ...twilio.environment,
      TRUSTED_PROXIES: "127.0.0.1",
      SMS_COUNTRIES: "-KP,-US",
      SMS_PER_PREFIX_HOUR: "6",
      SMS_PER_CLIENT_HOUR: "8",
      SMS_PER_COUNTRY_HOUR: "12",
      SMS_PER_DAY: "20",
    };
    app = await start(database, { environment, logger, clock: () => now.moment });
  });
  // The counters of the day before are over.
  beforeEach(() => {
    now.moment = secondsAfter(now.moment, DAY);
    twilio.received.length = 0;
    clients += 1;
  });
  afterAll(async () => {
    await app.stop();
    await twilio.stop();
  });

  let clients = 0;
  const clientAt = (host: number) => `198.51.${clients}.${host}`;

  /** Statuses of so many who each add a number at once. */
  async function askAtOnce(count: number, ask: (index: number) => { number: string; from: string }) {
    const asking = Array.from({ length: count }, (_, index) => ask(index));
    const members = [];
    for (const { from } of asking) members.push(await phoneOwner(app, from));
    const answers = await Promise.all(members.map((dana, index) => dana.add(asking[index]?.number ?? "")));
    return answers.map(({ status }) => status).sort();
  }

  const statuses = (sent: number, refused: number) => [
    ...Array<number>(sent).fill(201),
    ...Array<number>(refused).fill(429),
  ];

  test("are bounded for numbers in a row, also when all are asked for at once; others are still texted", async () => {
    const answers = await askAtOnce(9, (index) => ({ number: freshNumber(1), from: clientAt(index) }));

    expect(answers).toEqual(statuses(6, 3));
    expect(twilio.received).toHaveLength(6);
    const refused = await (await phoneOwner(app, clientAt(20))).add(freshNumber(1));
    expectRefusal(refused, 429, TOO_MANY);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await (await phoneOwner(app, clientAt(20))).add(freshNumber(2))).status).toBe(201);
    now.moment = secondsAfter(now.moment, HOUR);
    expect((await (await phoneOwner(app, clientAt(20))).add(freshNumber(1))).status).toBe(201);
  });

  test("are bounded for one client, whoever it signs in as and wherever in its network it is", async () => {
    const net = `2001:db8:0:${clients.toString(16)}`;
    const answers = await askAtOnce(10, (index) => ({
      number: freshNumber(index),
      from: `${net}::${index + 1}`,
    }));

    expect(answers).toEqual(statuses(8, 2));
    expect((await (await phoneOwner(app, clientAt(1))).add(freshNumber(20))).status).toBe(201);
  });

  test("are bounded for a country, and another has its own", async () => {
    const answers = await askAtOnce(14, (index) => ({ number: freshNumber(index), from: clientAt(index) }));

    expect(answers).toEqual(statuses(12, 2));
    expect((await (await phoneOwner(app, clientAt(99))).add("380935555554")).status).toBe(201);
    expect(lines.some((line) => line.includes('"budget":"country"') && line.includes('"country":"GB"'))).toBe(
      true,
    );
  });

  test("are bounded for the whole installation and a day", async () => {
    const british = await askAtOnce(12, (index) => ({ number: freshNumber(index), from: clientAt(index) }));
    const german = await askAtOnce(10, (index) => ({
      number: `49${[151, 152, 157, 160, 170][index % 5]}${20_000_000 + index}`,
      from: clientAt(50 + index),
    }));

    expect([british, german]).toEqual([statuses(12, 0), statuses(8, 2)]);
    now.moment = secondsAfter(now.moment, HOUR);
    expectRefusal(await (await phoneOwner(app, clientAt(99))).add("380935555555"), 429, TOO_MANY);
    now.moment = secondsAfter(now.moment, DAY);
    expect((await (await phoneOwner(app, clientAt(99))).sendCode("380935555555")).status).toBe(404);
    expect((await (await phoneOwner(app, clientAt(99))).add("380935555555")).status).toBe(201);
  });

  test("are counted for nobody when one of the bounds says no", async () => {
    const row = 30;
    await askAtOnce(6, (index) => ({ number: freshNumber(row), from: clientAt(index) }));
    const refused = await phoneOwner(app, clientAt(50));
    const number = freshNumber(row);
    expectRefusal(await refused.add(number), 429, TOO_MANY);
    for (let count = 0; count < 8; count += 1) expectRefusal(await refused.sendCode(number), 429, TOO_MANY);

    expect((await refused.add(freshNumber(row + 1))).status).toBe(201);
    now.moment = secondsAfter(now.moment, HOUR);
    const later = await phoneOwner(app, clientAt(50));

    expect((await later.add(number)).status).toBe(201);
    for (let count = 0; count < 4; count += 1) expect((await later.sendCode(number)).status).toBe(201);
  });

  test("are none for countries that are not served, nor for numbers whose owner earns by them", async () => {
    const dana = await phoneOwner(app, clientAt(1));

    for (const number of [
      "12345678911",
      "+850 192 123 4567",
      "+449098790000",
      "+19005551234",
      "+447012345678",
      "+18002345678",
    ]) {
      expectRefusal(await dana.add(number), 400, INVALID);
      expectRefusal(await dana.sendCode(number), 400, INVALID);
    }

    expect(twilio.received).toEqual([]);
    // Canada shares the country code.
    expect((await dana.add("+1 604 555 0123")).status).toBe(201);
  });
});
