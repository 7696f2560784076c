import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { isWebhookSecret } from "./signed-webhook.js";

/** Somebody who is told of events by HTTP. */
export interface WebhookSettings {
  readonly name: string;
  readonly url: string;
  readonly secret: string;
  /** Names of events, or their beginnings with a `*`; all when empty. */
  readonly events: readonly string[];
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const PATTERN = /^(\*|[a-z0-9_.]{1,63}\*?)$/;
const MEMBERS = ["name", "url", "secret", "events"];
const MOST = 20;

/** Reads the list of webhooks, YAML or JSON. Throws an Error of one sentence, without any of the secrets. */
export function readWebhooks(file: string): WebhookSettings[] {
  try {
    return webhooksIn(readFileSync(file, "utf8"));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    const told = cause instanceof BadWebhooks ? cause.message : `it cannot be read${code}`;
    throw new Error(`WEBHOOKS_FILE ${file}: ${told}`, { cause });
  }
}

class BadWebhooks extends Error {}

export function webhooksIn(text: string): WebhookSettings[] {
  const list: unknown = parse(text);
  const rows = isObject(list) ? list.webhooks : list;
  if (!Array.isArray(rows)) throw new BadWebhooks("it must be a list, or have one as `webhooks`");
  if (rows.length > MOST) throw new BadWebhooks(`it has more than ${MOST} webhooks`);
  const webhooks = rows.map((row: unknown, at) => webhookIn(row, at + 1));
  const names = webhooks.map(({ name }) => name);
  const twin = names.find((name, at) => names.indexOf(name) < at);
  if (twin !== undefined) throw new BadWebhooks(`there are two of the name ${twin}`);
  return webhooks;
}

function webhookIn(row: unknown, number: number): WebhookSettings {
  const bad = (told: string) => new BadWebhooks(`webhook ${number} ${told}`);
  if (!isObject(row)) throw bad("is no object");
  const { name, url, secret, events = [] } = row;
  const surplus = Object.keys(row).find((member) => !MEMBERS.includes(member));
  if (surplus !== undefined) throw bad(`has "${surplus}", which is none of ${MEMBERS.join(", ")}`);
  if (typeof name !== "string" || !NAME.test(name))
    throw bad("needs a name of up to 40 small letters, digits, - and _");
  if (typeof url !== "string" || !isAddress(url)) throw bad("needs a url of the form https://…");
  if (typeof secret !== "string" || !isWebhookSecret(secret))
    throw bad("needs a secret: whsec_ and the base64 of 24 to 64 bytes");
  if (!Array.isArray(events) || !events.every(isPattern))
    throw bad("has events that are no list of names, or of their beginnings with a * behind");
  return { name, url, secret, events };
}

const isPattern = (value: unknown): boolean => typeof value === "string" && PATTERN.test(value);

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  // Names and passwords in it would be refused by whoever sends the request.
  return ["http:", "https:"].includes(protocol) && username === "" && password === "";
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
