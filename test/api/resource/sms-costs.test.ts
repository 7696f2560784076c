import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { recordingLogger } from "../../faults/observed.js";
import { describeEachDatabase } from "../../support/databases.js";
import { codeIn, freshNumber, phoneOwner } from "../../support/phone-owner.js";
import { expectRefusal } from "../../support/rest.js";
import { type Started, start } from "../../support/start-app.js";
import { startTwilioTwin, type TwilioTwin, twilioError } from "../../support/twilio-twin.js";

const TOO_MANY = "server.too_many_requests";
const HOUR = 3600;

describeEachDatabase("SMS that are counted, where attempts are not limited", (database) => {
  const now = { moment: new Date() };
  const { logger, lines } = recordingLogger();
  let twilio: TwilioTwin;
  let app: Started & { stop(): Promise<void> };

  beforeAll(async () => {
    twilio = await startTwilioTwin();
    const environment = { ...twilio.environment, RATE_LIMITS: "false" };
    app = await start(database, { environment, logger, clock: () => now.moment });
  });
  beforeEach(() => {
    now.moment = secondsAfter(now.moment, HOUR);
  });
  afterAll(async () => {
    await app.stop();
    await twilio.stop();
  });

  const textsTo = (number: string) => twilio.received.filter(({ to }) => to === `+${number}`);
  const rename = (from: string, to: string) =>
    app.database.sequelize.query(`ALTER TABLE ${from} RENAME TO ${to}`);

  test("are bounded all the same", async () => {
    const [number, dana] = [freshNumber(), await phoneOwner(app)];
    await dana.add(number);
    for (let count = 0; count < 4; count += 1) expect((await dana.sendCode(number)).status).toBe(201);

    expectRefusal(await dana.sendCode(number), 429, TOO_MANY);

    expect(textsTo(number)).toHaveLength(5);
  });

  test("cost nothing when they could not be written", async () => {
    const [number, dana] = [freshNumber(), await phoneOwner(app)];
    await rename("outbox", "outbox_away");
    try {
      expect((await dana.add(number)).status).toBe(500);
      expect((await dana.sendCode(number)).status).toBe(500);
    } finally {
      await rename("outbox_away", "outbox");
    }

    for (let count = 0; count < 5; count += 1) expect((await dana.sendCode(number)).status).toBe(201);

    expectRefusal(await dana.sendCode(number), 429, TOO_MANY);
  });

  test("are not refused for their cost when the counters cannot be reached: no such word is in the log", async () => {
    const [number, dana] = [freshNumber(), await phoneOwner(app)];
    const refusals = () => lines.filter((line) => line.includes("an SMS was refused")).length;
    const before = refusals();
    await rename("throttles", "throttles_away");
    onTestFinished(() => rename("throttles_away", "throttles").then(() => undefined));

    expect((await dana.add(number)).status).toBe(500);

    expect(refusals()).toBe(before);
  });

  test("are noted as dropped, not as sent, when staff resend one whose code was replaced meanwhile", async () => {
    const [number, dana] = [freshNumber(), await phoneOwner(app)];
    twilio.behave(twilioError(400, 21614));
    await dana.add(number);
    twilio.behave({ kind: "works" });
    const [dead] = (await app.rooms.outbox.list({ channel: "sms", state: "dead" }, { offset: 0, limit: 1 }))
      .rows;
    await dana.sendCode(number);

    await app.rooms.outbox.resend(dead?.id ?? 0, async () => {});
    await app.rooms.outbox.settled();

    const { row } = await app.rooms.outbox.inspect(dead?.id ?? 0);
    expect(row).toMatchObject({ state: "dropped", lastError: "superseded", payload: "" });
    expect(textsTo(number)).toHaveLength(1);
    expect((await dana.verify(number, codeIn(textsTo(number)[0]?.body))).status).toBe(201);
  });
});
