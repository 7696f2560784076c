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
  /** The receiver has one of them; two while it is changed. */
  readonly secrets: readonly string[];
}

/** The headers by which a receiver knows that a request is ours, as Standard Webhooks names and computes them. */
export function signedHeaders({ id, timestamp, body, secrets }: SignedContent): Record<string, string> {
  const seconds = String(Math.floor(timestamp.getTime() / 1000));
  const content = `${id}.${seconds}.${body}`;
  return {
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": secrets.map((secret) => signatureOf(content, secret)).join(" "),
  };
}

const signatureOf = (content: string, secret: string): string =>
  `v1,${createHmac("sha256", keyOf(secret)).update(content).digest("base64")}`;

/** Whether a text is a secret that can sign. */
export const isWebhookSecret = (text: string): boolean => bytesOf(text) !== undefined;

function keyOf(secret: string): Buffer {
  const key = bytesOf(secret);
  if (!key) throw new Error("the secret of a webhook must be whsec_ and the base64 of 24 to 64 random bytes");
  return key;
}

function bytesOf(secret: string): Buffer | undefined {
  const [, encoded] = SECRET.exec(secret) ?? [];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  // The same byte all over is a placeholder.
  const isSecret = bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES && new Set(bytes).size > 1;
  return isSecret ? bytes : undefined;
}
