import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { findProgram, programFolders } from "../../scripts/services/programs.js";
import { randomKey } from "../../src/platform/random.js";
import { startRabbitmq } from "../../test/support/rabbitmq.js";
import type { Surroundings } from "../servers.js";

/** Who is told of events while the outbox is measured. */
export interface Sink {
  readonly name: string;
  /** As the outbox calls the way to it. */
  readonly channel: string;
  /** What a server needs to know. */
  readonly settings: Readonly<Record<string, string>>;
  /** The same server with a receiver that is not there. */
  readonly deadSettings: Readonly<Record<string, string>>;
  /** Hands bodies over without an outbox, so many at a time; answers how many a second. */
  handOver(bodies: number, bodyOf: () => Promise<string>): Promise<number>;
}

/** Events on their way at the same time, as the server has it. */
const AT_ONCE = 64;
/** The event of the rows that are written: to an exchange that is bound to a queue. */
export const EVENT = { name: "model.user.updated", exchange: "barong.events.model", key: "user.updated" };

const PLACES = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin"];

/** RabbitMQ at BENCH_AMQP_URL, or one that is started here; a receiver of webhooks where there is none. */
export async function startSink(
  environment: NodeJS.ProcessEnv,
  { defer, print }: Surroundings,
): Promise<Sink> {
  const url = environment.BENCH_AMQP_URL;
  if (url) return broker(url, "RabbitMQ at BENCH_AMQP_URL", defer);
  const program =
    environment.TEST_RABBITMQ ||
    findProgram(["rabbitmq-server"], [...PLACES, ...programFolders(environment)]);
  if (program !== undefined) {
    print("starting RabbitMQ");
    const started = await startRabbitmq(program);
    defer(started.stop);
    return broker(started.url, "RabbitMQ, one scheduler", defer);
  }
  print("there is no RabbitMQ here: a receiver of webhooks takes its part");
  return webhook(defer);
}

/** Its queue keeps the newest message alone, for nobody reads it. */
async function broker(url: string, name: string, defer: Surroundings["defer"]): Promise<Sink> {
  const connection = await connect(url);
  // What breaks it is told by whoever uses it.
  connection.on("error", () => {});
  defer(() => connection.close().catch(() => {}));
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue("", { autoDelete: true, arguments: { "x-max-length": 1 } });
  await channel.assertExchange(EVENT.exchange, "direct", { durable: false, autoDelete: false });
  await channel.bindQueue(queue, EVENT.exchange, EVENT.key);
  await channel.close();
  return {
    name,
    channel: "amqp",
    settings: { EVENT_API_RABBITMQ_URL: url },
    deadSettings: { EVENT_API_RABBITMQ_URL: "amqp://guest:guest@127.0.0.1:9" },
    async handOver(bodies, bodyOf) {
      const confirming = await connection.createConfirmChannel();
      const publish = async (body: string) =>
        new Promise<void>((resolve, reject) => {
          const options = { mandatory: true, persistent: true, contentType: "application/json" };
          const settle = (fault: unknown) => (fault ? reject(fault) : resolve());
          confirming.publish(EVENT.exchange, EVENT.key, Buffer.from(body), options, settle);
        });
      const rate = await inLanes(bodies, async () => publish(await bodyOf()));
      await confirming.close();
      return rate;
    },
  };
}

async function webhook(defer: Surroundings["defer"]): Promise<Sink> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = mkdtempSync(join(tmpdir(), "barong-bench-"));
  defer(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const settingsFor = (address: string, name: string) => {
    const secret = `whsec_${Buffer.from(randomKey()).toString("base64")}`;
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify([{ name: "bench", url: address, secret }]));
    return { WEBHOOKS_FILE: file };
  };
  return {
    name: "a receiver of webhooks in the bench's process",
    channel: "webhook:bench",
    settings: settingsFor(url, "living"),
    deadSettings: settingsFor("http://127.0.0.1:2/", "dead"),
    handOver: (bodies, bodyOf) =>
      inLanes(bodies, async () => {
        const answer = await fetch(url, { method: "POST", body: await bodyOf() });
        await answer.body?.cancel();
      }),
  };
}

async function inLanes(count: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return (count * 1000) / (performance.now() - began);
}
