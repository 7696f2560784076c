import { connect } from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { startHouse, untilCounts } from "../process/outbox-house.js";
import { describeEachDatabase } from "../support/databases.js";
import { startedRabbitmq } from "../support/rabbitmq.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import { listen, someEvents } from "./event-listener.js";

const TIMEOUT = { timeout: 120_000 };

const broker = startedRabbitmq();

/** Somebody has declared an exchange as one that Barong 2 does not know. */
async function declareOtherwise(exchange: string) {
  const connection = await connect(broker.url);
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  await channel.deleteExchange(exchange);
  await channel.assertExchange(exchange, "direct", { durable: true });
  return { mend: () => channel.deleteExchange(exchange) };
}

/** The server's user may declare everything, but not write to an exchange. */
async function forbidWriting(exchange: string, user: string) {
  const other = `^(?!${exchange}$).*`;
  await broker.control("set_permissions", user, ".*", other, ".*");
  return { mend: () => broker.control("set_permissions", user, ".*", ".*", ".*") };
}

const MISTAKES = [
  ["was declared with other flags", "it exists with other flags", declareOtherwise],
  ["may not be written to", "takes nothing (403)", forbidWriting],
] as const;

describeEachDatabase("events", (database) => {
  test.each(MISTAKES)(
    "wait for an exchange that %s, alone, and use no attempt up",
    TIMEOUT,
    async (_what, reason, spoil) => {
      const user = `${spoil.name}${database.name}`;
      await broker.control("add_user", user, "secret");
      await broker.control("set_permissions", user, ".*", ".*", ".*");
      const url = broker.url.replace("guest:guest", `${user}:secret`);
      const house = await startHouse(database, { EVENT_API_RABBITMQ_URL: url });
      const accounts = await house.accounts(10);
      const [odd, others] = [someEvents("system"), someEvents()];
      const { mend } = await spoil(odd.exchange, user);
      const otherListener = await listen(broker.url, others);
      await otherListener.consume();
      await house.post([...odd.of(accounts.slice(0, 5), 2), ...others.of(accounts.slice(5), 2)]);
      const server = house.server();
      await server.listening();

      await untilCounts(house, others, { sent: 10 });
      await expect.poll(() => server.output, { timeout: 20_000 }).toContain(reason);
      await expect.poll(() => house.attempts(odd), { timeout: 10_000 }).toEqual([0]);
      expect(await house.counts(odd)).toEqual({ waiting: 10 });
      expect(server.output.split(reason)).toHaveLength(2);
      await mend();
      const listener = await listen(broker.url, odd);
      await listener.consume();

      await untilCounts(house, odd, { sent: 10 });
      await expect.poll(() => listener.heard.length, { timeout: 10_000 }).toBe(10);
      for (const account of accounts.slice(0, 5)) expect(listener.numbersOf(account)).toEqual([0, 1]);
    },
  );

  test("wait for a broker that hangs, and use no attempt up", TIMEOUT, async () => {
    const proxy = await startTcpProxy({ host: "127.0.0.1", port: broker.port });
    onTestFinished(proxy.close);
    const house = await startHouse(database, {
      EVENT_API_RABBITMQ_URL: `amqp://guest:guest@127.0.0.1:${proxy.port}`,
    });
    const [accounts, events] = [await house.accounts(5), someEvents()];
    const listener = await listen(broker.url, events);
    await listener.consume();
    const server = house.server();
    await house.post(events.of(accounts, 1));
    await untilCounts(house, events, { sent: 5 });
    proxy.blackhole = true;

    await house.post(events.of(accounts, 1));
    // Whichever ends first: its own patience, or what a delivery may take.
    await expect.poll(() => server.output, { timeout: 20_000 }).toMatch(/does not answer|took too long/);
    expect(server.output).not.toContain("took too long");
    await expect.poll(() => house.attempts(events), { timeout: 10_000 }).toEqual([0]);
    proxy.blackhole = false;
    proxy.resetAll();

    await untilCounts(house, events, { sent: 10 });
    await expect.poll(() => listener.heard.length, { timeout: 10_000 }).toBe(10);
  });
});
