import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { isFetchable } from "./fetch-ports.js";
import { isWebhookSecret } from "./signed-webhook.js";

/** Somebody who is told of events by HTTP. */
export interface WebhookSettings {
  readonly name: string;
  readonly url: string;
  /** One, or two while it is changed. */
  readonly secrets: readonly string[];
  /** Names of events, or their beginnings with a `*`. */
  readonly events: readonly string[];
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const PATTERN = /^(\*|[a-z0-9_.]{1,63}\*?)$/;
const MEMBERS = ["name", "url", "secret", "events"];
const MOST = 20;
const MOST_SECRETS = 2;

/** Reads the list of webhooks, YAML or JSON. Throws an Error of one sentence, without any of the secrets. */
export function readWebhooks(file: string): WebhookSettings[] {
  try {
    return webhooksIn(readFileSync(file, "utf8"));
  } catch (fault) {
    const code = fault instanceof Error && "code" in fault ? ` (${String(fault.code)})` : "";
    const told = fault instanceof BadWebhooks ? fault.message : `it cannot be read${code}`;
    // Without the cause, which could quote the file.
    throw new Error(`WEBHOOKS_FILE ${file}: ${told}`);
  }
}

class BadWebhooks extends Error {}

export function webhooksIn(text: string): WebhookSettings[] {
  const list = contentOf(text);
  const rows = isObject(list) ? list.webhooks : list;
  if (!Array.isArray(rows)) throw new BadWebhooks("it must be a list, or have one as `webhooks`");
  const surplus = isObject(list) ? surplusIn(list, ["webhooks"]) : undefined;
  if (surplus !== undefined) throw new BadWebhooks(`it ${surplus}`);
  if (rows.length > MOST) throw new BadWebhooks(`it has more than ${MOST} webhooks`);
  const webhooks = rows.map((row: unknown, at) => webhookIn(row, at + 1));
  const names = webhooks.map(({ name }) => name);
  const twin = names.find((name, at) => names.indexOf(name) < at);
  if (twin !== undefined) throw new BadWebhooks(`there are two of the name ${twin}`);
  return webhooks;
}

/** What YAML has to say about a line could quote it, and a warning would go to the terminal: neither is let out. */
function contentOf(text: string): unknown {
  const document = parseDocument(text, { logLevel: "silent", prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new BadWebhooks(`it cannot be read (${problem.code})`);
  return document.toJS();
}

function webhookIn(row: unknown, number: number): WebhookSettings {
  const bad = (told: string) => new BadWebhooks(`webhook ${number} ${told}`);
  if (!isObject(row)) throw bad("is no object");
  const { name, url, secret, events = ["*"] } = row;
  const surplus = surplusIn(row, MEMBERS);
  if (surplus !== undefined) throw bad(surplus);
  if (typeof name !== "string" || !NAME.test(name))
    throw bad("needs a name of up to 40 small letters, digits, - and _");
  if (typeof url !== "string" || !isAddress(url))
    throw bad("needs a url of the form https://…, without a password or #, at a port for HTTP");
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
  if (!areSecrets(secrets))
    throw bad("needs a secret, or a list of two: whsec_ and the base64 of 24 to 64 random bytes");
  // Who writes an empty list hardly wants everything, tokens too.
  if (!Array.isArray(events) || events.length === 0 || !events.every(isPattern))
    throw bad("has events that are no list of names, or of their beginnings with a * behind");
  return { name, url, secrets, events };
}

/** What is wrong with an object that has more members than these. */
function surplusIn(
  object: Readonly<Record<string, unknown>>,
  members: readonly string[],
): string | undefined {
  const surplus = Object.keys(object).find((member) => !members.includes(member));
  if (surplus === undefined) return undefined;
  // Without its colon a secret is part of the name of its member.
  const shown = /^[a-z_]{1,20}$/.test(surplus) ? `"${surplus}"` : "a member";
  return `has ${shown}, which is none of ${members.join(", ")}`;
}

const isPattern = (value: unknown): boolean => typeof value === "string" && PATTERN.test(value);

const areSecrets = (values: readonly unknown[]): values is string[] =>
  values.length >= 1 &&
  values.length <= MOST_SECRETS &&
  values.every((value) => typeof value === "string" && isWebhookSecret(value));

function isAddress(text: string): boolean {
  if (!URL.canParse(text) || text.includes("#")) return false;
  const url = new URL(text);
  // Names and passwords in it would be refused by whoever sends the request.
  const isBare = url.username === "" && url.password === "";
  return ["http:", "https:"].includes(url.protocol) && isBare && isFetchable(url);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
