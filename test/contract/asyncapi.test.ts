import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type DescMessage, fromJson, getOption, type JsonObject, toJson } from "@bufbuild/protobuf";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { EventSchema } from "../../gen/barong/events/v1/event_pb.js";
import { event as eventRules } from "../../gen/barong/options/v1/options_pb.js";
import { EVENT_NAMES } from "../../src/features/events/events.js";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember, freshEmail, post, rest, signIn } from "../support/rest.js";
import { someAccount } from "../support/staff.js";
import { PASSWORD, startedApp } from "../support/start-app.js";

const NEW_PASSWORD = "Gol4aid2";
const document = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../docs/asyncapi/asyncapi.json"), "utf8"),
);

/** What is told of each event, by its name. */
const messages: ReadonlyMap<string, DescMessage> = new Map(
  EventSchema.fields.flatMap(({ message }) => {
    const name = message && getOption(message, eventRules).name;
    return name ? [[name, message]] : [];
  }),
);

function validator() {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv;
}

test("the AsyncAPI document is one by the schema of AsyncAPI 3.0", () => {
  const { schemas } = createRequire(import.meta.url)("@asyncapi/specs");

  // It brings the schema of schemas along.
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  addFormats.default(ajv);
  const isValid = ajv.compile(schemas["3.0.0"]);

  expect(isValid(document) ? [] : isValid.errors).toEqual([]);
  expect(isValid({ ...document, channels: { broken: { address: 1 } } })).toBe(false);
});

test("every reference in it leads somewhere", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path);

  const lost = references.filter((path) => {
    const found = path?.split("/").reduce((node, name) => node?.[name], document);
    return found === undefined;
  });

  expect(references.length).toBeGreaterThan(50);
  expect(lost).toEqual([]);
});

test("it has a channel for every event that the server tells, with the flags that listeners have always declared", () => {
  const { webhooks, ...channels } = document.channels;

  expect(Object.keys(channels).sort()).toEqual([...EVENT_NAMES].sort());
  expect(Object.keys(webhooks.messages)).toHaveLength(EVENT_NAMES.length);
  for (const name of EVENT_NAMES) {
    const [category, ...rest] = name.split(".");
    const { address, bindings } = channels[name];
    expect(address).toBe(rest.join("."));
    expect(bindings.amqp.exchange).toMatchObject({
      name: `barong.events.${category}`,
      type: "direct",
      durable: false,
      autoDelete: false,
    });
  }
  expect([...messages.keys()].sort()).toEqual([...EVENT_NAMES].sort());
});

describeEachDatabase("what the server tells", (database) => {
  const app = startedApp(database);

  test("fits the message of its event, and the AsyncAPI document, member by member", async () => {
    const accounts = await somethingOfEverything();
    const told = (await Promise.all(accounts.map((id) => app.rooms.events.of(id)))).flat();
    const ajv = validator().addSchema(document, "asyncapi");

    for (const { name, payload } of told) {
      const schema = messages.get(name);
      if (!schema) throw new Error(`no message tells ${name}`);
      const message = fromJson(schema, payload as JsonObject);
      const written = toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
      expect(written).toEqual(payload);
      const isValid = ajv.compile({ $ref: `asyncapi#/components/schemas/${schema.name}` });
      expect(isValid(payload) ? [] : isValid.errors).toEqual([]);
    }
    expect(new Set(told.map(({ name }) => name))).toEqual(new Set(EVENT_NAMES));
  });

  async function somethingOfEverything(): Promise<readonly number[]> {
    const email = await activeMember(app);
    const headers = { cookie: await signIn(app, email) };
    const json = { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };
    await rest(app, "PUT", "/resource/users/password", { json, headers });
    await post(app, "/identity/users/password/generate_code", { email: await newcomer() });
    await post(app, "/identity/users/password/generate_code", { email });
    const reset_password_token = await app.tokenFor(email);
    const password = "zieV0Kai";
    await post(app, "/identity/users/password/confirm_code", {
      reset_password_token,
      password,
      confirm_password: password,
    });
    const member = await app.rooms.accounts.byEmail(email);
    const other = await someAccount(app, { level: 2, otp: true });
    await app.database.transaction(async (tx) => {
      await app.rooms.accounts.setRole(other, "accountant", tx);
      await app.rooms.accounts.setState(other, "banned", tx);
    });
    for (const value of ["verified", "rejected"]) {
      const owner = await someAccount(app);
      await app.rooms.labels.createFor(owner.uid, { key: "document", scope: "private" }, value);
      watched.push(owner.id);
    }
    return [member?.id ?? 0, other.id, ...watched];
  }

  const watched: number[] = [];

  async function newcomer(): Promise<string> {
    const email = freshEmail();
    await post(app, "/identity/users", { email, password: PASSWORD, lang: "fr" });
    const account = await app.rooms.accounts.byEmail(email);
    watched.push(account?.id ?? 0);
    return email;
  }
});
