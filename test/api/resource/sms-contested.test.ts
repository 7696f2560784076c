import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { recordingLogger } from "../../faults/observed.js";
import { describeEachDatabase } from "../../support/databases.js";
import { codeIn, freshNumber, otherThan, phoneOwner } from "../../support/phone-owner.js";
import { expectRefusal } from "../../support/rest.js";
import { secondsLater } from "../../support/seconds-later.js";
import { type Started, start } from "../../support/start-app.js";
import { startTwilioTwin } from "../../support/twilio-twin.js";
import { startVerifyTwin, VERIFY_SERVICE } from "../../support/verify-twin.js";

const TOO_MANY = "server.too_many_requests";
const VENDOR = "resource.phone.twillio";
const HOUR = 3600;

type App = Started & { stop(): Promise<void> };
type Owner = Awaited<ReturnType<typeof phoneOwner>>;

/** As many wrong codes as the vendor takes for a number. */
async function spoil(stranger: Owner, number: string, code: string): Promise<void> {
  for (let count = 0; count < 5; count += 1) await stranger.verify(number, otherThan(code));
}

describeEachDatabase("a number that several accounts add", (database) => {
  const now = { moment: new Date() };
  let verify: Awaited<ReturnType<typeof startVerifyTwin>>;
  let twilio: Awaited<ReturnType<typeof startTwilioTwin>>;
  let app: App;

  beforeAll(async () => {
    verify = await startVerifyTwin();
    twilio = await startTwilioTwin();
    const environment = {
      ...verify.environment,
      ...twilio.environment,
      SMS_PROVIDERS: "twilio_verify,twilio",
    };
    app = await start(database, { environment, clock: () => now.moment });
  });
  beforeEach(() => {
    now.moment = secondsAfter(now.moment, HOUR);
    verify.expire();
  });
  afterEach(() => expect([...verify.faults, ...twilio.faults]).toEqual([]));
  afterAll(async () => {
    await app.stop();
    for (const twin of [verify, twilio]) await twin.stop();
  });

  const sentTo = (number: string) => verify.sent.filter(({ to }) => to === `+${number}`);
  const textsTo = (number: string) => twilio.received.filter(({ to }) => to === `+${number}`);

  test("is verified by its owner whatever a stranger who added it before has guessed and asked for", async () => {
    const [number, stranger, owner] = [freshNumber(), await phoneOwner(app), await phoneOwner(app)];
    await stranger.add(number);
    await spoil(stranger, number, sentTo(number)[0]?.code ?? "");
    // As late as the stranger's code and another of his can matter.
    await stranger.sendCode(number);
    now.moment = secondsAfter(now.moment, 599);

    expect((await owner.add(number)).status).toBe(201);

    const code = codeIn(textsTo(number).at(-1)?.body);
    expect((await owner.verify(number, code)).status).toBe(201);
  });

  test("is verified by its owner whatever a stranger who adds it later guesses", async () => {
    const [number, stranger, owner] = [freshNumber(), await phoneOwner(app), await phoneOwner(app)];
    await owner.add(number);
    const code = sentTo(number)[0]?.code ?? "";

    await stranger.add(number);
    await spoil(stranger, number, code);

    expect([sentTo(number).length, textsTo(number).length]).toEqual([1, 1]);
    expect((await owner.verify(number, code)).status).toBe(201);
  });

  test("has one code of the vendor's at most when all add it at once", async () => {
    const number = freshNumber();
    const owners = [await phoneOwner(app), await phoneOwner(app), await phoneOwner(app)];

    const answers = await Promise.all(owners.map((owner) => owner.add(number)));

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(sentTo(number).length).toBeLessThan(2);
    expect(sentTo(number).length + textsTo(number).length).toBe(3);
  });

  test("has codes of the vendor's again when the others are long over", async () => {
    const [number, stranger] = [freshNumber(), await phoneOwner(app)];
    await stranger.add(number);
    now.moment = secondsAfter(now.moment, 1200);

    await (await phoneOwner(app)).add(number);

    expect([sentTo(number).length, textsTo(number).length]).toEqual([2, 0]);
  });
});

describeEachDatabase("a number that several accounts add, when nobody texts our codes", (database) => {
  const now = { moment: new Date() };
  let verify: Awaited<ReturnType<typeof startVerifyTwin>>;
  let app: App;

  beforeAll(async () => {
    verify = await startVerifyTwin();
    const environment = { ...verify.environment, SMS_PROVIDERS: "twilio_verify" };
    app = await start(database, { environment, clock: () => now.moment });
  });
  afterAll(async () => {
    await app.stop();
    await verify.stop();
  });

  const sentTo = (number: string) => verify.sent.filter(({ to }) => to === `+${number}`);

  test("after a stranger's wrong codes is told to wait, at the cost of no guess, and verified after that", async () => {
    const [number, stranger, owner] = [freshNumber(), await phoneOwner(app), await phoneOwner(app)];
    await owner.add(number);
    await stranger.add(number);
    const code = sentTo(number)[0]?.code ?? "";
    await spoil(stranger, number, code);

    const answers = [];
    for (let count = 0; count < 7; count += 1) answers.push(await owner.verify(number, code));

    for (const answer of answers) expectRefusal(answer, 429, TOO_MANY);
    const wait = Number(answers[0]?.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(600);
    now.moment = secondsAfter(now.moment, wait);
    verify.expire();
    await owner.sendCode(number);
    expect((await owner.verify(number, sentTo(number).at(-1)?.code ?? "")).status).toBe(201);
  });

  test("after a stranger's SMS is no dead letter: the owner's leaves when the vendor takes it", async () => {
    const [number, stranger, owner] = [freshNumber(), await phoneOwner(app), await phoneOwner(app)];
    await stranger.add(number);
    for (let count = 0; count < 4; count += 1) await stranger.sendCode(number);

    await owner.add(number);

    const [row] = (await app.rooms.outbox.list({ channel: "sms" }, { offset: 0, limit: 1 })).rows;
    expect(row).toMatchObject({
      state: "waiting",
      lastError: "nobody took the SMS (twilio_verify: 60203)",
    });
    verify.expire();
    await secondsLater({ now, outbox: app.rooms.outbox }, () => sentTo(number)).toHaveLength(6);
    expect((await owner.verify(number, sentTo(number).at(-1)?.code ?? "")).status).toBe(201);
  });
});

describeEachDatabase("a Verify service that does not exist", (database) => {
  const now = { moment: new Date() };
  const { logger, lines } = recordingLogger();
  let verify: Awaited<ReturnType<typeof startVerifyTwin>>;
  let app: App;

  beforeAll(async () => {
    verify = await startVerifyTwin();
    const environment = {
      ...verify.environment,
      TWILIO_VERIFY_SERVICE_SID: VERIFY_SERVICE.replace("VA0", "VA9"),
      SMS_PROVIDERS: "twilio_verify",
    };
    app = await start(database, { environment, logger, clock: () => now.moment });
  });
  afterAll(async () => {
    await app.stop();
    await verify.stop();
  });

  test("makes no code wrong: 503, and the log names the setting", async () => {
    const [number, owner] = [freshNumber(), await phoneOwner(app)];
    await owner.add(number);
    // As long as the vendor can rest.
    now.moment = secondsAfter(now.moment, 60);

    expectRefusal(await owner.verify(number, "012345"), 503, VENDOR);

    expect(verify.faults).toContainEqual(expect.stringMatching(/VerificationCheck$/));
    const told = "20404, TWILIO_VERIFY_SERVICE_SID is no service of the account";
    expect(lines.some((line) => line.includes("an SMS vendor rests") && line.includes(told))).toBe(true);
  });
});
