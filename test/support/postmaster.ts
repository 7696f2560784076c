import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from "amqplib";

/** An event as a listener of Barong 2 gets it, once it has believed it. */
export interface Letter {
  readonly name: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly event: Readonly<Record<string, unknown>>;
}

export interface PostmasterSettings {
  readonly url: string;
  /** PEM of the key that signs events. */
  readonly publicKey: string;
  /** Names of events. */
  readonly names: readonly string[];
  /** Digest of the signature; SHA-256 unless given. */
  readonly digest?: string;
}

/**
 * Listens as the mailer of Barong 2 does: declares the exchanges by their old flags, takes nothing but an envelope with exactly one
 * signature of `barong` that is right and not a minute old. Whatever it refuses is in `faults`.
 */
export async function startPostmaster({ url, publicKey, names, digest = "sha256" }: PostmasterSettings) {
  const letters: Letter[] = [];
  const faults: string[] = [];
  const key = createPublicKey(publicKey);
  const connection: ChannelModel = await connect(url);
  // Tests kill the broker.
  connection.on("error", () => {});
  const channel: Channel = await connection.createChannel();
  channel.on("error", (fault: Error) => faults.push(fault.message));
  for (const name of names) await bind(channel, name, (message) => take(message, name));

  function take(message: ConsumeMessage, name: string): void {
    try {
      letters.push(letterIn(message, name, key, digest));
    } catch (fault) {
      faults.push(fault instanceof Error ? fault.message : String(fault));
    }
    channel.ack(message);
  }

  return {
    letters,
    faults,
    /** The newest event of a name about an address, once there is one. */
    async letter(name: string, email: string): Promise<Letter> {
      for (let attempt = 0; attempt < 400; attempt += 1) {
        const found = letters.findLast((letter) => letter.name === name && emailIn(letter) === email);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`no ${name} about ${email} has arrived; refused: ${faults.join(" | ") || "nothing"}`);
    },
    async stop(): Promise<void> {
      await connection.close().catch(() => undefined);
    },
  };
}

const FLAGS = { durable: false, autoDelete: false, internal: false };

async function bind(channel: Channel, name: string, take: (message: ConsumeMessage) => void): Promise<void> {
  const [category, ...rest] = name.split(".");
  const exchange = `barong.events.${category}`;
  await channel.assertExchange(exchange, "direct", FLAGS);
  const { queue } = await channel.assertQueue("", { durable: true, autoDelete: true, exclusive: true });
  await channel.bindQueue(queue, exchange, rest.join("."));
  await channel.consume(queue, (message) => {
    if (message) take(message);
  });
}

function letterIn(message: ConsumeMessage, name: string, key: KeyObject, digest: string): Letter {
  const { payload, signatures, ...rest } = JSON.parse(message.content.toString("utf8"));
  expectOnly(rest, "the envelope");
  if (!Array.isArray(signatures) || signatures.length !== 1) throw new Error("not exactly one signature");
  const [{ protected: head, header, signature, ...surplus }] = signatures;
  expectOnly(surplus, "the signature");
  if (header.kid !== "barong") throw new Error(`signed by ${header.kid}`);
  const isRight = verify(digest, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"));
  if (!isRight) throw new Error("the signature is wrong");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  const now = Date.now() / 1000;
  if (claims.iss !== "barong" || typeof claims.jti !== "string") throw new Error("no claims of barong");
  if (claims.exp !== claims.iat + 60 || claims.exp < now || claims.iat > now + 5)
    throw new Error(`of ${claims.iat} to ${claims.exp}, at ${now}`);
  if (claims.event.name !== name) throw new Error(`${claims.event.name} came for ${name}`);
  const { exchange, routingKey } = message.fields;
  if (message.properties.contentType !== "application/json") throw new Error("no JSON by its type");
  return {
    name,
    exchange,
    routingKey,
    messageId: message.properties.messageId,
    claims,
    event: claims.event,
  };
}

function expectOnly(rest: object, what: string): void {
  const names = Object.keys(rest);
  if (names.length > 0) throw new Error(`${what} has ${names.join()}`);
}

function emailIn({ event }: Letter): unknown {
  const holder = event.user ?? event.record ?? event;
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, "email") : undefined;
}
