import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EVENT_NAMES } from "../../src/features/events/events.js";
import type { Parcel } from "../../src/features/outbox/outbox.js";
import { startHouse, untilCounts } from "../process/outbox-house.js";
import { describeEachDatabase } from "../support/databases.js";
import { eventKeys } from "../support/event-keys.js";
import { startPostmaster } from "../support/postmaster.js";
import { type Rabbitmq, startRabbitmq, testBrokers } from "../support/rabbitmq.js";
import { freshEmail, post } from "../support/rest.js";
import { PASSWORD } from "../support/start-app.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import { listen, someEvents } from "./event-listener.js";

const TIMEOUT = { timeout: 180_000 };
/** Events on their way to the broker at the same time. */
const LANES = 64;
const EVENTS = { channel: "amqp" };
const TOKEN = "system.user.email.confirmation.token";

describe.each(testBrokers())("with %s", (program) => {
  let broker: Rabbitmq;

  beforeAll(async () => {
    broker = await startRabbitmq(program);
  }, 120_000);
  afterAll(() => broker?.stop());

  /** A hop on the way of the servers, not of the listeners. */
  async function theirWay() {
    const proxy = await startTcpProxy({ host: "127.0.0.1", port: broker.port });
    onTestFinished(proxy.close);
    return { proxy, settings: { EVENT_API_RABBITMQ_URL: `amqp://guest:guest@127.0.0.1:${proxy.port}` } };
  }
  /** Listens for all that servers tell. */
  async function aMailer({ publicKey } = eventKeys()) {
    const mailer = await startPostmaster({ url: broker.url, publicKey, names: EVENT_NAMES });
    onTestFinished(mailer.stop);
    return mailer;
  }
  const range = (count: number) => Array.from({ length: count }, (_, at) => at);

  describeEachDatabase("events", (database) => {
    test("of a killed process come again under their names, none but those in flight", TIMEOUT, async () => {
      const { settings } = await theirWay();
      const house = await startHouse(database, settings);
      const [accounts, events] = [await house.accounts(100), someEvents()];
      const listener = await listen(broker.url, events);
      await listener.consume();
      await house.post(events.of(accounts, 3));
      const doomed = house.server();
      listener.onHeard(() => {
        if (listener.heard.length === 90) doomed.child.kill("SIGKILL");
      });
      await doomed.ended();
      await sleep(500);
      const heardBefore = listener.heard.length;
      const { sent = 0 } = await house.counts(events);
      expect(heardBefore).toBeLessThan(300);
      expect(heardBefore).toBeGreaterThan(sent);
      expect(listener.copies()).toBe(0);

      await house.server().listening();

      await untilCounts(house, events, { sent: 300 });
      await expect.poll(() => listener.heard.length, { timeout: 10_000 }).toBe(300 + heardBefore - sent);
      for (const account of accounts) expect(listener.numbersOf(account)).toEqual([0, 1, 2]);
      expect(listener.copies()).toBe(heardBefore - sent);
      expect(listener.copies()).toBeLessThanOrEqual(LANES);
    });

    test("survive a broker that is killed in the middle of them and comes back", TIMEOUT, async () => {
      const { proxy, settings } = await theirWay();
      const house = await startHouse(database, settings);
      const [accounts, events] = [await house.accounts(20), someEvents()];
      const listener = await listen(broker.url, events);
      await listener.consume();
      await house.server().listening();
      const kills: Promise<void>[] = [];
      listener.onHeard(() => {
        if (listener.heard.length === 100) kills.push(broker.kill());
      });
      await house.post(events.of(accounts, 20));
      await expect.poll(() => kills, { timeout: 30_000 }).toHaveLength(1);
      proxy.down = true;
      proxy.resetAll();
      await Promise.all(kills);
      await sleep(500);
      expect((await house.counts(events)).waiting).toBeGreaterThan(0);

      await broker.restart();
      // Listeners first: what is told before they have bound their queues again is for nobody.
      await listener.bindAgain();
      await listener.consume();
      proxy.down = false;

      await untilCounts(house, events, { sent: 400 });
      await expect
        .poll(() => new Set(listener.heard.map(({ id }) => id)).size, { timeout: 10_000 })
        .toBe(400);
      for (const account of accounts) expect(listener.numbersOf(account)).toEqual(range(20));
      expect(listener.copies()).toBeLessThanOrEqual(LANES);
    });

    test("of a server that starts with its broker wait for listeners that are slower", TIMEOUT, async () => {
      const { settings } = await theirWay();
      const house = await startHouse(database, settings);
      const [accounts, events] = [await house.accounts(5), someEvents()];
      const listener = await listen(broker.url, events);
      await listener.consume();
      const doomed = house.server();
      await house.post(events.of(accounts, 1));
      await untilCounts(house, events, { sent: 5 });
      doomed.child.kill("SIGKILL");
      await Promise.all([doomed.ended(), broker.kill()]);
      await house.post(events.of(accounts, 1));

      await broker.restart();
      const heir = house.server();
      await expect.poll(() => heir.output, { timeout: 20_000 }).toContain("nobody listens at present");
      await sleep(1000);
      await expect.poll(() => house.attempts(events), { timeout: 10_000 }).toEqual([0]);
      await listener.bindAgain();
      await listener.consume();

      await untilCounts(house, events, { sent: 10 });
      // Its queue, which was killed too, may tell again what was acknowledged.
      await expect.poll(() => new Set(listener.heard.map(({ id }) => id)).size, { timeout: 10_000 }).toBe(10);
      for (const account of accounts) expect(listener.numbersOf(account)).toEqual([0, 0]);
    });

    test("of a sign-up are told by the heir of a process that was killed after it", TIMEOUT, async () => {
      const { proxy, settings } = await theirWay();
      const keys = eventKeys();
      const mailer = await aMailer(keys);
      const house = await startHouse(database, {
        ...settings,
        EVENT_API_JWT_PRIVATE_KEY: keys.encodedPrivateKey,
      });
      const doomed = house.server();
      const door = await doomed.listening();
      await expect.poll(() => proxy.connections(), { timeout: 10_000 }).toBe(1);
      proxy.blackhole = true;
      const email = freshEmail();

      const answer = await post(door, "/identity/users", { email, password: PASSWORD });
      doomed.child.kill("SIGKILL");
      await doomed.ended();
      const { waiting = 0 } = await house.counts({ topic: TOKEN });
      proxy.blackhole = false;
      proxy.resetAll();
      const heir = await house.server().listening();
      await untilCounts(house, { topic: TOKEN }, { sent: 1 });
      const { event } = await mailer.letter(TOKEN, email);
      const confirmed = await post(heir, "/identity/users/email/confirm_code", {
        token: String(event.token),
      });

      expect([answer.status, waiting]).toEqual([201, 1]);
      expect(confirmed.status).toBe(201);
      expect(mailer.faults).toEqual([]);
    });

    test("that were not confirmed when a server was asked to end are told by the next", TIMEOUT, async () => {
      const { proxy, settings } = await theirWay();
      const house = await startHouse(database, settings);
      const [accounts, events] = [await house.accounts(30), someEvents()];
      const listener = await listen(broker.url, events);
      await listener.consume();
      const server = house.server();
      await server.listening();
      listener.onHeard(() => {
        if (listener.heard.length === 20) proxy.blackhole = true;
      });
      await house.post(events.of(accounts, 10));
      await expect.poll(() => proxy.blackhole, { timeout: 20_000 }).toBe(true);

      const { code, ms } = await server.stop();
      const { sent = 0, waiting = 0 } = await house.counts(events);
      proxy.blackhole = false;
      proxy.resetAll();
      await house.server().listening();

      await untilCounts(house, events, { sent: 300 });
      expect([code, sent + waiting]).toEqual([0, 300]);
      expect(ms).toBeLessThan(15_000);
      expect(listener.heard.length).toBeGreaterThanOrEqual(300);
      for (const account of accounts) expect(listener.numbersOf(account)).toEqual(range(10));
      expect(listener.copies()).toBeLessThanOrEqual(LANES);
    });

    test("wait for a broker that refuses the server, and use no attempt up", TIMEOUT, async () => {
      const user = `server${broker.port}${database.name}`;
      const url = `amqp://${user}:secret@127.0.0.1:${broker.port}`;
      const house = await startHouse(database, { EVENT_API_RABBITMQ_URL: url });
      const [accounts, events] = [await house.accounts(5), someEvents()];
      const listener = await listen(broker.url, events);
      await listener.consume();
      await house.post(events.of(accounts, 4));
      const server = house.server();
      await server.listening();
      await expect
        .poll(() => server.output, { timeout: 20_000 })
        .toContain("it refuses the name or password");
      expect(server.output).not.toContain("secret@");
      await expect.poll(() => house.attempts(events), { timeout: 10_000 }).toEqual([0]);

      await broker.control("add_user", user, "secret");
      await broker.control("set_permissions", user, ".*", ".*", ".*");

      await untilCounts(house, events, { sent: 20 });
      await expect.poll(() => listener.heard.length, { timeout: 10_000 }).toBe(20);
      for (const account of accounts) expect(listener.numbersOf(account)).toEqual(range(4));
    });

    test("that the broker cannot take for now come later, once and in order", TIMEOUT, async () => {
      const { settings } = await theirWay();
      const house = await startHouse(database, settings);
      const [accounts, events] = [await house.accounts(4), someEvents()];
      const full = { arguments: { "x-max-length": 3, "x-overflow": "reject-publish" } };
      const listener = await listen(broker.url, events, full);
      const server = house.server();
      await server.listening();
      await house.post(events.of(accounts, 3));
      await expect.poll(() => server.output, { timeout: 20_000 }).toContain("a delivery failed");
      await sleep(500);
      const { sent = 0, waiting = 0 } = await house.counts(events);
      // What a full queue lets in is its own affair, give or take one.
      expect(sent).toBeGreaterThan(0);
      expect(waiting).toBeGreaterThan(0);

      await listener.consume();

      await untilCounts(house, events, { sent: 12 });
      await expect.poll(() => listener.heard.length, { timeout: 10_000 }).toBe(12);
      for (const account of accounts) expect(listener.numbersOf(account)).toEqual(range(3));
    });

    test(
      "of two processes on one database are told once, in order, past what nobody can tell",
      TIMEOUT,
      async () => {
        const { settings } = await theirWay();
        const house = await startHouse(database, settings);
        const [accounts, events] = [await house.accounts(12), someEvents()];
        const [poisoned = 0] = accounts;
        const poison: Parcel = {
          channel: "amqp",
          topic: "poison",
          accountId: poisoned,
          payload: { name: 1 },
        };
        const listener = await listen(broker.url, events);
        await listener.consume();
        await Promise.all([house.server().listening(), house.server().listening()]);

        for (let part = 0; part < 5; part += 1) {
          await house.post([...events.of(accounts, 8), poison]);
          await sleep(50);
        }

        await untilCounts(house, events, { sent: 480 });
        expect(await house.counts({ topic: "poison" })).toEqual({ dead: 5 });
        await expect.poll(() => listener.heard.length, { timeout: 10_000 }).toBe(480);
        expect(listener.copies()).toBe(0);
        const inOrder = range(5).flatMap(() => range(8));
        for (const account of accounts) expect(listener.numbersOf(account)).toEqual(inOrder);
      },
    );

    test("hold up nobody who signs up while the broker hangs", TIMEOUT, async () => {
      const { proxy, settings } = await theirWay();
      await aMailer();
      const house = await startHouse(database, settings);
      proxy.blackhole = true;
      const server = await house.server().listening();

      for (let call = 0; call < 5; call += 1) {
        const answer = await post(server, "/identity/users", { email: freshEmail(), password: PASSWORD });
        expect(answer.status).toBe(201);
      }

      // All of them were answered while the broker had not said hello.
      const { sent = 0, waiting = 0 } = await house.counts(EVENTS);
      expect(sent).toBe(0);
      expect(waiting).toBeGreaterThanOrEqual(5);
      // Between two attempts to connect there is none for some seconds.
      await expect.poll(() => proxy.connections(), { timeout: 20_000 }).toBeGreaterThan(0);
      proxy.blackhole = false;
      proxy.resetAll();
      await untilCounts(house, EVENTS, { sent: waiting });
    });
  });
});
