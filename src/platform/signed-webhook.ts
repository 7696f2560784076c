import { createHmac } from "node:crypto";

/** Which secrets can sign: `whsec_` and the base64 of 24 to 64 bytes, as Standard Webhooks has them. */
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

export interface SignedContent {
  /** The same whenever the same is sent again, so that the receiver can drop the copy. */
  readonly id: string;
  /** When it is sent: receivers refuse what is minutes old. */
  readonly timestamp: Date;
  /** The body, as it goes over the wire. */
  readonly body: string;
  readonly secret: string;
}

/** The headers by which a receiver knows that a request is ours, as Standard Webhooks names and computes them. */
export function signedHeaders({ id, timestamp, body, secret }: SignedContent): Record<string, string> {
  const seconds = String(Math.floor(timestamp.getTime() / 1000));
  const signature = createHmac("sha256", keyOf(secret)).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${signature}`,
  };
}

/** Whether a text is a secret that can sign. */
export const isWebhookSecret = (text: string): boolean => bytesOf(text) !== undefined;

function keyOf(secret: string): Buffer {
  const key = bytesOf(secret);
  if (!key) throw new Error("the secret of a webhook must be whsec_ and the base64 of 24 to 64 bytes");
  return key;
}

function bytesOf(secret: string): Buffer | undefined {
  const [, encoded] = SECRET.exec(secret) ?? [];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : undefined;
}
