import { expect, onTestFinished, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { eventKeys } from "../support/event-keys.js";
import { type LoggedLine, loggerInto } from "../support/logged-lines.js";
import { startPostmaster } from "../support/postmaster.js";
import { startedRabbitmq } from "../support/rabbitmq.js";
import { freshEmail, post, rest } from "../support/rest.js";
import { asAdministrator } from "../support/staff.js";
import { PASSWORD, startedApp } from "../support/start-app.js";

const TOKEN = "system.user.email.confirmation.token";
const rabbitmq = startedRabbitmq();

describeEachDatabase("events while a broker comes and goes", (database) => {
  const keys = eventKeys();
  const lines: LoggedLine[] = [];
  const app = startedApp(database, {
    logger: loggerInto(lines),
    environment: {
      // The broker's port is only known later.
      get EVENT_API_RABBITMQ_URL() {
        return rabbitmq.url;
      },
      EVENT_API_JWT_PRIVATE_KEY: keys.encodedPrivateKey,
    },
  });

  async function aMailer() {
    const mailer = await startPostmaster({ url: rabbitmq.url, publicKey: keys.publicKey, names: [TOKEN] });
    onTestFinished(mailer.stop);
    return mailer;
  }

  async function parcels() {
    const headers = await asAdministrator(app);
    const { body } = await rest(app, "GET", "/admin/outbox?channel=amqp", { headers });
    return body as { topic: string; state: string; attempts: number; message_id: string }[];
  }

  const signUp = async () => {
    const email = freshEmail();
    expect((await post(app, "/identity/users", { email, password: PASSWORD })).status).toBe(201);
    return email;
  };

  test("an event for which nobody listens is done with, and reported once a minute for its key", {
    timeout: 60_000,
  }, async () => {
    lines.length = 0;
    await signUp();
    await signUp();
    // Those who listen get half a minute from when the server came.
    const states = async () => new Set((await parcels()).map(({ state }) => state));
    await expect.poll(states, { timeout: 45_000, interval: 500 }).toEqual(new Set(["sent"]));

    const reports = lines.filter(({ details }) => details.routingKey !== undefined);
    expect(reports.map(({ level, details }) => [level, details.exchange, details.routingKey])).toEqual(
      expect.arrayContaining([["warn", "barong.events.system", "user.email.confirmation.token"]]),
    );
    const told = reports.map(({ details }) => details.routingKey);
    expect(new Set(told).size).toBe(told.length);
  });

  test("who signs up while the broker is down gets his mail when it is back", {
    timeout: 90_000,
  }, async () => {
    const before = await aMailer();
    await before.letter(TOKEN, await signUp());
    await rabbitmq.kill();

    const began = performance.now();
    const email = await signUp();
    const took = performance.now() - began;
    await expect
      .poll(() => lines.some(({ details }) => details.channel === "amqp"), { timeout: 10_000 })
      .toBe(true);
    const newest = async () => (await parcels()).find(({ topic }) => topic === TOKEN);
    // While it is tried, the attempt counts.
    await expect.poll(newest, { timeout: 10_000 }).toMatchObject({ state: "waiting", attempts: 0 });
    await rabbitmq.restart();
    const mailer = await aMailer();
    // The channel rests for up to half a minute.
    await expect.poll(() => mailer.letters.length, { timeout: 45_000 }).toBeGreaterThan(0);
    const letter = await mailer.letter(TOKEN, email);

    expect(took).toBeLessThan(3000);
    expect(letter.messageId).toBe((await newest())?.message_id);
    expect(mailer.faults).toEqual([]);
    expect(JSON.stringify(lines)).not.toContain("guest");
  });

  test("an event is kept for a listener that starts again", async () => {
    const before = await aMailer();
    await before.letter(TOKEN, await signUp());
    await before.stop();

    const email = await signUp();
    await app.rooms.outbox.settled();
    const mailer = await aMailer();

    expect((await mailer.letter(TOKEN, email)).event).toMatchObject({ language: "en" });
  });
});
