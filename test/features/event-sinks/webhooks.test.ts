import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { describeEachDatabase } from "../../support/databases.js";
import { freshEmail, post, rest } from "../../support/rest.js";
import { asAdministrator } from "../../support/staff.js";
import { PASSWORD, type Started, start } from "../../support/start-app.js";
import { startWebhookTwin, WEBHOOK_SECRET } from "../../support/webhook-twin.js";

const TOKEN = "system.user.email.confirmation.token";

interface Parcel {
  readonly topic: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly message_id: string;
  readonly available_at: string;
}

describeEachDatabase("webhooks", (database) => {
  let folder: string;
  let tokens: Awaited<ReturnType<typeof startWebhookTwin>>;
  let models: Awaited<ReturnType<typeof startWebhookTwin>>;
  let app: Started & { stop(): Promise<void> };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "barong-webhooks-"));
    tokens = await startWebhookTwin();
    models = await startWebhookTwin();
    const file = join(folder, "webhooks.yml");
    const webhooks = [
      { name: "mailer", url: tokens.address, secret: WEBHOOK_SECRET, events: ["system.user.*"] },
      { name: "crm", url: models.address, secret: WEBHOOK_SECRET, events: ["model.user.created"] },
    ];
    await writeFile(file, stringify({ webhooks }));
    app = await start(database, { environment: { WEBHOOKS_FILE: file } });
  });
  afterEach(() => {
    for (const twin of [tokens, models]) {
      twin.behave({ kind: "works" });
      expect(twin.faults.splice(0)).toEqual([]);
    }
  });
  afterAll(async () => {
    await app.stop();
    await tokens.stop();
    await models.stop();
    await rm(folder, { recursive: true });
  });

  async function signUp(): Promise<string> {
    const email = freshEmail();
    expect((await post(app, "/identity/users", { email, password: PASSWORD })).status).toBe(201);
    return email;
  }

  async function parcels(channel: string) {
    const headers = await asAdministrator(app);
    const { body } = await rest(app, "GET", `/admin/outbox?channel=${channel}`, { headers });
    return body as Parcel[];
  }

  const aboutIn = (twin: typeof tokens, email: string) =>
    twin.received.filter(({ data }) => JSON.stringify(data).includes(`"${email}"`));

  test("each is told, signed, what its filter lets pass, with the token, under the name of the event", async () => {
    const email = await signUp();
    await app.rooms.outbox.settled();

    const token = await app.tokenFor(email);
    const [asked, ...others] = aboutIn(tokens, email);
    expect(others).toEqual([]);
    expect(asked).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: TOKEN,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: { user: expect.objectContaining({ email }), language: "en", token },
    });
    expect(aboutIn(models, email).map(({ type }) => type)).toEqual(["model.user.created"]);
    const sent = await parcels("webhook:mailer");
    expect(sent.find(({ message_id }) => message_id === asked?.id)).toMatchObject({ state: "sent" });
  });

  test("a receiver that fails is told again, and holds up nobody else", async () => {
    tokens.behave({ kind: "answers", status: 500, body: "{}" });
    const email = await signUp();
    await app.rooms.outbox.settled();
    const [failed] = await parcels("webhook:mailer");
    const others = aboutIn(models, email);

    tokens.behave({ kind: "works" });

    await expect.poll(() => aboutIn(tokens, email).length, { timeout: 20_000, interval: 200 }).toBe(1);
    expect(failed).toMatchObject({ state: "waiting", last_error: "HTTP 500" });
    expect(others).toHaveLength(1);
  });

  test("a receiver that breaks the connection for one event gets those of others at once", async () => {
    models.behave({ kind: "resets" });
    await signUp();
    await app.rooms.outbox.settled();
    const [broken] = await parcels("webhook:crm");

    models.behave({ kind: "works" });
    const email = await signUp();
    await app.rooms.outbox.settled();

    expect(broken).toMatchObject({ state: "waiting", attempts: 1, last_error: "ECONNRESET" });
    expect(aboutIn(models, email)).toHaveLength(1);
  });

  test("a receiver that says when to come back is left alone until then", async () => {
    models.behave({ kind: "answers", status: 429, body: "{}", retryAfter: "600" });

    const askedAt = Date.now();
    await signUp();
    await app.rooms.outbox.settled();

    const [put] = await parcels("webhook:crm");
    expect(put).toMatchObject({ state: "waiting", attempts: 1, last_error: "HTTP 429" });
    expect(Date.parse(put?.available_at ?? "") - askedAt).toBeGreaterThanOrEqual(599_000);
    expect(Date.parse(put?.available_at ?? "") - askedAt).toBeLessThan(800_000);
  });

  test("a receiver that wants no more, with 410, gets no more of it", async () => {
    tokens.behave({ kind: "answers", status: 410, body: "{}" });

    await signUp();
    await app.rooms.outbox.settled();

    expect((await parcels("webhook:mailer"))[0]).toMatchObject({ state: "dead", last_error: "HTTP 410" });
  });

  test("a redirect is not followed: it would hand tokens to somebody else", async () => {
    tokens.behave({ kind: "answers", status: 307, body: "", location: models.address });

    const email = await signUp();
    await app.rooms.outbox.settled();

    expect((await parcels("webhook:mailer"))[0]).toMatchObject({ state: "waiting", last_error: "HTTP 307" });
    expect(aboutIn(models, email).map(({ type }) => type)).toEqual(["model.user.created"]);
  });

  test("an answer without an end is not read", async () => {
    models.behave({ kind: "trickles" });

    const email = await signUp();
    await app.rooms.outbox.settled();

    const [newest] = await parcels("webhook:crm");
    expect(newest).toMatchObject({ state: "sent" });
    expect(aboutIn(models, email)).toEqual([]);
  });
});
