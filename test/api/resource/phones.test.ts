import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PhoneService } from "../../../gen/barong/resource/v1/phone_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { doorsOf } from "../../doors/three-doors.js";
import { recordingLogger } from "../../faults/observed.js";
import { describeEachDatabase } from "../../support/databases.js";
import { type Answer, activeMember, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { secondsLater } from "../../support/seconds-later.js";
import { type Started, start, startedApp } from "../../support/start-app.js";
import { startTwilioTwin, TWILIO, type TwilioTwin, twilioError } from "../../support/twilio-twin.js";

const INVALID = "resource.phone.invalid_num";
const TAKEN = "resource.phone.number_exist";
const EXISTS = "resource.phone.exists";
const LIMIT = "resource.phone.limit_reached";
const WRONG = "resource.phone.verification_invalid";
const TOO_MANY = "server.too_many_requests";
const SENT = { message: "Code was sent successfully" };
const VERIFIED = { message: "Phone was verified successfully" };
const HOUR = 3600;
const DAY = 24 * HOUR;

let numbers = 0;

/** A British mobile number that no other test uses. */
function freshNumber(): string {
  numbers += 1;
  return `4474${18_000_000 + numbers}`;
}

describeEachDatabase("phones", (database) => {
  const { logger, lines } = recordingLogger();
  const now = { moment: new Date() };
  let twilio: TwilioTwin;
  let app: Started & { stop(): Promise<void> };

  beforeAll(async () => {
    twilio = await startTwilioTwin();
    app = await start(database, { environment: twilio.environment, logger, clock: () => now.moment });
  });
  beforeEach(() => {
    twilio.behave({ kind: "works" });
    // Every test has the hourly limits of its own.
    pass(HOUR);
  });
  afterAll(async () => {
    await app.stop();
    await twilio.stop();
  });

  function pass(seconds: number): void {
    now.moment = secondsAfter(now.moment, seconds);
  }

  /** Has as many SMS sent to a number as one account may within an hour. */
  async function spendAll(sender: Awaited<ReturnType<typeof member>>, number: string): Promise<void> {
    expect((await sender.add(number)).status).toBe(201);
    for (let count = 0; count < 4; count += 1) expect((await sender.sendCode(number)).status).toBe(201);
  }

  /** Somebody signed in, and what he does with phones. */
  async function member(given?: string) {
    const email = given ?? (await activeMember(app));
    const headers = { cookie: await signIn(app, email) };
    const call = (path: string) => async (fields: Record<string, unknown>) => {
      const answer = await post(app, path, fields, headers);
      await app.rooms.outbox.settled();
      return answer;
    };
    const [create, resend, check] = [
      call("/resource/phones"),
      call("/resource/phones/send_code"),
      call("/resource/phones/verify"),
    ];
    const account = await app.rooms.accounts.byEmail(email);
    return {
      email,
      headers,
      id: account?.id ?? 0,
      add: (phone_number: unknown) => create({ phone_number }),
      sendCode: (phone_number: unknown) => resend({ phone_number }),
      verify: (phone_number: unknown, verification_code: unknown) =>
        check({ phone_number, verification_code }),
      phones: () => app.rooms.phones.ofAccount(account?.id ?? 0),
      level: async () => (await app.rooms.accounts.byEmail(email))?.level,
    };
  }

  const textsTo = (number: string) => twilio.received.filter(({ to }) => to === `+${number}`);
  const codesTo = (number: string) => textsTo(number).map(({ body }) => /\d{6}$/.exec(body)?.[0] ?? "");
  const codeTo = (number: string) => codesTo(number).at(-1) ?? "";
  const otherThan = (code: string, by = 1) => String((Number(code) + by) % 1_000_000).padStart(6, "0");

  /** Somebody who has verified a number. */
  async function holder(number: string) {
    const dana = await member();
    await dana.add(number);
    expect(await dana.verify(number, codeTo(number))).toMatchObject({ status: 201 });
    return dana;
  }

  describe("adding a number", () => {
    test("texts a code of six digits to it and keeps it unverified, in its normal form", async () => {
      const dana = await member();
      const number = freshNumber();

      const answer = await dana.add(`+44 0${number.slice(2, 6)} ${number.slice(6)}`);

      expect(answer).toMatchObject({ status: 201, body: SENT });
      expect(textsTo(number)).toEqual([
        {
          to: `+${number}`,
          from: TWILIO.from,
          body: expect.stringMatching(/^Your verification code for Barong: \d{6}$/),
        },
      ]);
      const [phone, ...others] = await dana.phones();
      expect(others).toEqual([]);
      expect(phone).toMatchObject({ country: "GB", number, validatedAt: null, validatedNumber: null });
      expect(twilio.faults).toEqual([]);
    });

    test("is refused without a number, with a blank one, and with none", async () => {
      const dana = await member();
      const create = (form: Record<string, string>) =>
        rest(app, "POST", "/resource/phones", { form, headers: dana.headers });
      const [missing, empty] = ["resource.phone.missing_phone_number", "resource.phone.empty_phone_number"];

      expectRefusal(await create({}), 400, missing, empty);
      expectRefusal(await create({ phone_number: "" }), 400, empty);
      expectRefusal(await dana.add(" "), 400, empty);
      for (const text of ["123", "07418084106", "+", "phone", "\u0000", "+19005551234"]) {
        expectRefusal(await dana.add(text), 400, INVALID);
      }
      expectRefusal(await dana.add("4".repeat(65)), 422, "resource.phone.invalid_phone_number");
      expect(await dana.phones()).toEqual([]);
    });

    test("is for those who are signed in", async () => {
      for (const path of ["", "/send_code", "/verify"]) {
        const fields = { phone_number: freshNumber(), verification_code: "012345" };
        expectRefusal(await post(app, `/resource/phones${path}`, fields), 401, "jwt.decode_and_verify");
      }
    });

    test("is refused when somebody has verified the number, however it is written", async () => {
      const number = freshNumber();
      const dana = await holder(number);
      const eve = await member();

      for (const text of [number, `++${number}`, `00${number}`, `+44 0${number.slice(2)}`]) {
        expectRefusal(await eve.add(text), 400, TAKEN);
      }
      expectRefusal(await dana.add(number), 400, TAKEN);
      expect(textsTo(number)).toHaveLength(1);
    });

    test("is refused when the account has added it before, and open to others as long as nobody verifies it", async () => {
      const number = freshNumber();
      const [dana, eve] = [await member(), await member()];
      await dana.add(number);

      expectRefusal(await dana.add(`++${number}`), 400, EXISTS);
      expect(await eve.add(number)).toMatchObject({ status: 201, body: SENT });

      expect(textsTo(number)).toHaveLength(2);
    });

    test("many times at once succeeds once and texts once", async () => {
      const number = freshNumber();
      const dana = await member();

      const answers = await Promise.all(Array.from({ length: 8 }, () => dana.add(number)));

      expect(summary(answers)).toEqual(["201", ...Array(7).fill(`400 ${EXISTS}`)]);
      expect(textsTo(number)).toHaveLength(1);
      expect(await dana.phones()).toHaveLength(1);
    });

    test("is possible five times, also when all come at once", async () => {
      const dana = await member();

      const answers = await Promise.all(Array.from({ length: 8 }, () => dana.add(freshNumber())));

      expect(summary(answers)).toEqual([...Array(5).fill("201"), ...Array(3).fill(`400 ${LIMIT}`)]);
      expect(await dana.phones()).toHaveLength(5);
    });

    test("makes room a day later, at the cost of those that were never verified nor asked for again", async () => {
      const dana = await member();
      const [mine, asked, ...forgotten] = Array.from({ length: 5 }, freshNumber) as [string, string];
      for (const number of [mine, asked, ...forgotten]) await dana.add(number);
      await dana.verify(mine, codeTo(mine));
      pass(DAY - 60);
      const later = await member(dana.email);
      await later.sendCode(asked);
      expectRefusal(await later.add(freshNumber()), 400, LIMIT);

      pass(120);
      const fresh = freshNumber();
      expect((await later.add(fresh)).status).toBe(201);

      expect((await dana.phones()).map(({ number }) => number)).toEqual([mine, asked, fresh]);
    });
  });

  describe("verifying a number", () => {
    test("takes the code, labels the account, and raises its level; the code is used up", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);
      const code = codeTo(number);

      const answer = await dana.verify(`+${number}`, ` ${code.slice(0, 3)} ${code.slice(3)}`);

      expect(answer).toMatchObject({ status: 201, body: VERIFIED });
      const [phone] = await dana.phones();
      expect(phone).toMatchObject({
        number,
        validatedAt: now.moment,
        validatedNumber: number,
        codeHash: null,
      });
      expect(await dana.level()).toBe(2);
      const labels = await rest(app, "GET", "/resource/labels", { headers: dana.headers });
      expect(labels.body).toContainEqual(
        expect.objectContaining({ key: "phone", value: "verified", scope: "private" }),
      );
      expectRefusal(await dana.verify(number, code), 400, TAKEN);
      expectRefusal(await dana.sendCode(number), 400, TAKEN);
    });

    test("is refused without number and code, with blank ones, and for a number that is none", async () => {
      const dana = await member();
      const codes = (name: string) => [`resource.phone.missing_${name}`, `resource.phone.empty_${name}`];
      const all = [...codes("phone_number"), ...codes("verification_code")];
      const check = (fields: Record<string, unknown>) =>
        post(app, "/resource/phones/verify", fields, dana.headers);

      expectRefusal(await check({}), 400, ...all);
      const blank = ["resource.phone.empty_phone_number", "resource.phone.empty_verification_code"];
      expectRefusal(await dana.verify("", " "), 400, ...blank);
      expectRefusal(await dana.verify("123", "012345"), 400, INVALID);
      const long = "resource.phone.invalid_verification_code";
      expectRefusal(await dana.verify(freshNumber(), "1".repeat(33)), 422, long);
    });

    test("is refused for a wrong code, for a number of somebody else, and for one that is verified", async () => {
      const number = freshNumber();
      const [dana, eve] = [await member(), await member()];
      await dana.add(number);
      const code = codeTo(number);

      expectRefusal(await eve.verify(number, code), 404, WRONG);
      for (const text of [otherThan(code), code.slice(1), `${code}0`, `0${code}`]) {
        expectRefusal(await dana.verify(number, text), 404, WRONG);
      }
      expect(await dana.verify(number, code)).toMatchObject({ status: 201 });
      expectRefusal(await eve.verify(number, code), 400, TAKEN);
      expect(await eve.level()).toBe(1);
    });

    test("takes only the code that was sent to this account", async () => {
      const number = freshNumber();
      const [dana, eve] = [await member(), await member()];
      await dana.add(number);
      const danas = codeTo(number);
      await eve.add(number);

      expectRefusal(await eve.verify(number, danas), 404, WRONG);
      expect(await dana.verify(number, danas)).toMatchObject({ status: 201 });
      expectRefusal(await eve.verify(number, codeTo(number)), 400, TAKEN);
    });

    test("is over after five wrong codes, also with the right one, until another is sent", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);
      const code = codeTo(number);

      for (let by = 1; by <= 5; by += 1) {
        expectRefusal(await dana.verify(number, otherThan(code, by)), 404, WRONG);
      }

      expectRefusal(await dana.verify(number, code), 404, WRONG);
      await dana.sendCode(number);
      expect(await dana.verify(number, codeTo(number))).toMatchObject({ status: 201 });
    });

    test("may still succeed at the fifth attempt", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);
      const code = codeTo(number);
      for (let by = 1; by <= 4; by += 1) await dana.verify(number, otherThan(code, by));

      expect(await dana.verify(number, code)).toMatchObject({ status: 201 });
    });

    test("counts guesses that come at once: five are looked at, and no more", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);
      const code = codeTo(number);
      const guesses = Array.from({ length: 25 }, (_, by) => dana.verify(number, otherThan(code, by + 1)));

      const answers = await Promise.all(guesses);

      expect(summary(answers)).toEqual(Array(25).fill(`404 ${WRONG}`));
      expect(await dana.phones()).toMatchObject([{ codeAttempts: 5 }]);
      expectRefusal(await dana.verify(number, code), 404, WRONG);
    });

    test("with the right code many times at once succeeds once", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);

      const answers = await Promise.all(Array.from({ length: 5 }, () => dana.verify(number, codeTo(number))));

      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      const [phone, ...others] = await dana.phones();
      expect([phone?.validatedNumber, others.length]).toEqual([number, 0]);
    });

    test("by two accounts at once succeeds for exactly one of them", async () => {
      const rivals = [await member(), await member()];
      const contested = Array.from({ length: 5 }, freshNumber);
      const winners: number[] = [];
      for (const number of contested) {
        const attempts: (() => Promise<Answer>)[] = [];
        for (const rival of rivals) {
          await rival.add(number);
          const code = codeTo(number);
          attempts.push(() => rival.verify(number, code));
        }

        const answers = await Promise.all(attempts.map((attempt) => attempt()));

        expect(summary(answers)).toEqual(["201", `400 ${TAKEN}`]);
        winners.push(answers.findIndex(({ status }) => status === 201));
      }
      for (const [index, rival] of rivals.entries()) {
        const won = contested.filter((_, round) => winners[round] === index);
        expect((await rival.phones()).flatMap(({ validatedNumber }) => validatedNumber ?? [])).toEqual(won);
        expect(await rival.level()).toBe(won.length > 0 ? 2 : 1);
      }
    });

    test("takes a code for ten minutes", async () => {
      const [early, late] = [freshNumber(), freshNumber()];
      const dana = await member();
      await dana.add(early);
      await dana.add(late);

      pass(599);
      expect(await dana.verify(early, codeTo(early))).toMatchObject({ status: 201 });
      pass(1);
      expectRefusal(await dana.verify(late, codeTo(late)), 404, WRONG);
    });
  });

  describe("another code", () => {
    test("voids the one before", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);
      const first = codeTo(number);

      expect(await dana.sendCode(`++${number}`)).toMatchObject({ status: 201, body: SENT });

      const second = codeTo(number);
      expect(second).not.toBe(first);
      expectRefusal(await dana.verify(number, first), 404, WRONG);
      expect(await dana.verify(number, second)).toMatchObject({ status: 201 });
    });

    test("asked for many times at once leaves one that is good: that of the last SMS", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);

      const answers = await Promise.all(Array.from({ length: 6 }, () => dana.sendCode(number)));

      // What took the place of one that still waited is not counted, so that it may be more than four.
      expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(4);
      expect(textsTo(number).length).toBeLessThanOrEqual(5);
      expect(await dana.verify(number, codeTo(number))).toMatchObject({ status: 201 });
    });

    test("is refused without a number, for none, for one of somebody else, and for a verified one", async () => {
      const [number, verified] = [freshNumber(), freshNumber()];
      const [dana, eve] = [await member(), await holder(verified)];
      await eve.add(number);
      const [missing, empty] = ["resource.phone.missing_phone_number", "resource.phone.empty_phone_number"];

      expectRefusal(await post(app, "/resource/phones/send_code", {}, dana.headers), 400, missing, empty);
      expectRefusal(await dana.sendCode(""), 400, empty);
      expectRefusal(await dana.sendCode("123"), 400, INVALID);
      expectRefusal(await dana.sendCode(number), 404, "record.not_found");
      expectRefusal(await dana.sendCode(verified), 400, TAKEN);
      expect([textsTo(number).length, textsTo(verified).length]).toEqual([1, 1]);
    });
  });

  describe("the costs of SMS", () => {
    test("an account gets five an hour and ten a day to a number, however it writes it", async () => {
      const number = freshNumber();
      const dana = await member();
      await dana.add(number);
      for (const text of [number, `00${number}`, `++${number}`, `+${number}`]) {
        expect((await dana.sendCode(text)).status).toBe(201);
      }

      const refused = await dana.sendCode(number);
      expectRefusal(refused, 429, TOO_MANY);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(textsTo(number)).toHaveLength(5);
      pass(HOUR);
      const later = await member(dana.email);
      for (let count = 0; count < 5; count += 1) expect((await later.sendCode(number)).status).toBe(201);
      pass(HOUR);
      expectRefusal(await (await member(dana.email)).sendCode(number), 429, TOO_MANY);
      pass(DAY - 2 * HOUR);
      expect((await (await member(dana.email)).sendCode(number)).status).toBe(201);
      expect(textsTo(number)).toHaveLength(11);
    });

    test("a stranger who spends what is his leaves enough for the owner, and many strangers are stopped", async () => {
      const number = freshNumber();
      for (let stranger = 0; stranger < 5; stranger += 1) await spendAll(await member(), number);

      const owner = await member();
      expect((await owner.add(number)).status).toBe(201);
      for (let count = 0; count < 4; count += 1) expect((await owner.sendCode(number)).status).toBe(201);

      expectRefusal(await (await member()).add(number), 429, TOO_MANY);
      expect(textsTo(number)).toHaveLength(30);
    });

    test("a code that was refused another is still good", async () => {
      const number = freshNumber();
      const dana = await member();
      await spendAll(dana, number);
      const code = codeTo(number);

      expectRefusal(await dana.sendCode(number), 429, TOO_MANY);

      expect(await dana.verify(number, code)).toMatchObject({ status: 201 });
    });

    test("what is refused costs nothing", async () => {
      const number = freshNumber();
      const [dana, eve] = [await member(), await member()];
      await dana.add(number);
      for (let count = 0; count < 5; count += 1) {
        await dana.add(number);
        await eve.sendCode(number);
      }

      for (let count = 0; count < 4; count += 1) expect((await dana.sendCode(number)).status).toBe(201);

      expectRefusal(await dana.sendCode(number), 429, TOO_MANY);
    });
  });

  describe("a vendor with troubles", () => {
    afterEach(async () => {
      twilio.behave({ kind: "works" });
      twilio.hangUp();
      await later(() =>
        app.rooms.outbox.list({ channel: "sms", state: "waiting" }, { offset: 0, limit: 1 }),
      ).toMatchObject({ total: 0 });
    });

    const later = <T>(look: () => T) => secondsLater({ now, outbox: app.rooms.outbox }, look);

    test.each([
      ["errors inside", twilioError(500, 20500)],
      ["too many at once", twilioError(429, 20429)],
      ["a connection that breaks", { kind: "resets" }],
    ] as const)("is nobody's wait with %s: the code leaves when it is back", async (_what, trouble) => {
      const number = freshNumber();
      const dana = await member();
      twilio.behave(trouble);

      expect(await dana.add(number)).toMatchObject({ status: 201, body: SENT });
      expect(textsTo(number)).toEqual([]);
      twilio.behave({ kind: "works" });

      await later(() => textsTo(number)).toHaveLength(1);
      expect(await dana.verify(number, codeTo(number))).toMatchObject({ status: 201 });
    });

    test("has one SMS to send when it is back, however many were asked for, and none of them counts but that", async () => {
      const number = freshNumber();
      const dana = await member();
      twilio.behave(twilioError(500, 20500));
      expect((await dana.add(number)).status).toBe(201);
      for (let count = 0; count < 5; count += 1) expect((await dana.sendCode(number)).status).toBe(201);

      twilio.behave({ kind: "works" });

      await later(() => textsTo(number)).toHaveLength(1);
      await app.rooms.outbox.settled();
      for (let count = 0; count < 4; count += 1) expect((await dana.sendCode(number)).status).toBe(201);
      expectRefusal(await dana.sendCode(number), 429, TOO_MANY);
      expect(textsTo(number)).toHaveLength(5);
    });

    test("keeps what waits for other numbers of the same account", async () => {
      const [first, second] = [freshNumber(), freshNumber()];
      const dana = await member();
      twilio.behave(twilioError(500, 20500));
      for (const number of [first, second]) await dana.add(number);

      twilio.behave({ kind: "works" });

      await later(() => [textsTo(first).length, textsTo(second).length]).toEqual([1, 1]);
      for (const number of [first, second]) {
        expect(await dana.verify(number, codeTo(number))).toMatchObject({ status: 201 });
      }
    });

    test("does not text a code that is over when it is back", async () => {
      const [late, other] = [freshNumber(), freshNumber()];
      const dana = await member();
      twilio.behave(twilioError(500, 20500));
      await dana.add(late);

      pass(600);
      twilio.behave({ kind: "works" });
      await (await member(dana.email)).add(other);

      await later(() => textsTo(other)).toHaveLength(1);
      expect(textsTo(late)).toEqual([]);
    });

    test("that refuses a number is not asked again, holds nobody up, and costs an SMS", async () => {
      const [bad, good] = [freshNumber(), freshNumber()];
      const dana = await member();
      twilio.behave(twilioError(400, 21614));
      expect(await dana.add(bad)).toMatchObject({ status: 201, body: SENT });
      for (let count = 0; count < 4; count += 1) expect((await dana.sendCode(bad)).status).toBe(201);
      expectRefusal(await dana.sendCode(bad), 429, TOO_MANY);

      twilio.behave({ kind: "works" });
      await dana.add(good);

      expect([textsTo(good).length, textsTo(bad).length]).toEqual([1, 0]);
      const { rows } = await app.rooms.outbox.list(
        { userId: dana.id, state: "dead" },
        { offset: 0, limit: 9 },
      );
      expect(rows.map(({ lastError }) => lastError)).toEqual(
        Array(5).fill("nobody delivers SMS to this number (twilio: 21614)"),
      );
    });

    test("holds nobody up while it is silent, least of all whoever asks for a code", async () => {
      const number = freshNumber();
      const headers = { cookie: await signIn(app, await activeMember(app)) };
      twilio.behave({ kind: "is silent" });

      const began = performance.now();
      const added = await post(app, "/resource/phones", { phone_number: number }, headers);
      const again = await post(app, "/resource/phones/send_code", { phone_number: number }, headers);

      expect([added.status, again.status]).toEqual([201, 201]);
      expect(performance.now() - began).toBeLessThan(2000);

      // The one that was on its way when another was asked for is not sent any more.
      twilio.behave({ kind: "works" });
      twilio.hangUp();
      await later(() => textsTo(number)).toHaveLength(1);
      await app.rooms.outbox.settled();
      expect(textsTo(number)).toHaveLength(1);
      const proof = { phone_number: number, verification_code: codeTo(number) };
      expect((await post(app, "/resource/phones/verify", proof, headers)).status).toBe(201);
    });
  });

  test.each(["REST", "Connect", "gRPC-Web", "gRPC"])("the same answers come over %s", async (name) => {
    const number = freshNumber();
    const dana = await member();
    const { createPhone, sendCode, verifyPhone } = PhoneService.method;
    const call = async (
      path: string,
      method: typeof createPhone | typeof sendCode | typeof verifyPhone,
      code = "",
    ) => {
      const fields = { phone_number: number, ...(code !== "" && { verification_code: code }) };
      const answer = await doorsOf(app)[name]?.({
        rest: `POST /resource/phones${path}`,
        method,
        fields,
        headers: dana.headers,
      });
      await app.rooms.outbox.settled();
      return answer;
    };

    expect(await call("/send_code", sendCode)).toEqual(["record.not_found"]);
    expect(await call("", createPhone)).toEqual([]);
    expect(await call("", createPhone)).toEqual([EXISTS]);
    expect(await call("/verify", verifyPhone, otherThan(codeTo(number)))).toEqual([WRONG]);
    expect(await call("/send_code", sendCode)).toEqual([]);
    expect(await call("/verify", verifyPhone, codeTo(number))).toEqual([]);
    expect(await call("/verify", verifyPhone, codeTo(number))).toEqual([TAKEN]);
  });

  test("codes are neither in the database nor in the log, numbers not in the log", async () => {
    const number = freshNumber();
    const dana = await member();
    await dana.add(number);
    twilio.behave(twilioError(400, 21211, `Invalid 'To' Phone Number: +${number}`));
    await dana.sendCode(number);

    const [phone] = await dana.phones();
    expect(phone?.codeHash).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.values(phone ?? {})).not.toContain(codeTo(number));
    const log = lines.join("");
    expect(log).toContain("nobody delivers SMS to this number (twilio: 21211)");
    expect(twilio.received.length).toBeGreaterThan(0);
    for (const { to, body } of twilio.received) {
      expect(log).not.toContain(to.slice(1));
      // As a word, for the digits of a time could hold the same.
      expect(log).not.toMatch(new RegExp(`\\b${body.slice(-6)}\\b`));
    }
  });
});

describeEachDatabase("phones in development", (database) => {
  const app = startedApp(database);

  test("SMS are in the mailbox, and their codes work", async () => {
    const number = freshNumber();
    const headers = { cookie: await signIn(app, await activeMember(app)) };

    expect((await post(app, "/resource/phones", { phone_number: number }, headers)).status).toBe(201);

    const [sms] = await app.mails();
    expect(sms).toMatchObject({ kind: "sms", to: `+${number}`, code: expect.stringMatching(/^\d{6}$/) });
    expect(sms?.text).toBe(`Your verification code for Barong: ${sms?.code}`);
    const proof = { phone_number: number, verification_code: sms?.code };
    expect((await post(app, "/resource/phones/verify", proof, headers)).status).toBe(201);
  });
});

/** Statuses and codes, sorted. */
function summary(answers: readonly Answer[]): string[] {
  return answers
    .map(({ status, body }) => {
      const codes = typeof body === "object" && body !== null && "errors" in body ? body.errors : "";
      return `${status} ${codes}`.trim();
    })
    .sort();
}
