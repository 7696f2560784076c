import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { EventService, StreamStart } from "../../../gen/barong/events/v1/event_service_pb.js";
import type { Tx } from "../../../src/database/database.js";
import type { Account } from "../../../src/features/accounts/accounts.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember } from "../../support/key-owner.js";
import { activeMember, bearerFor, freshEmail, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { signedByNonce } from "../../support/signing.js";
import { accountWith, asAdministrator, promote } from "../../support/staff.js";
import { PASSWORD, type Started, start, startedApp } from "../../support/start-app.js";

describeEachDatabase("streams of events for services", (database) => {
  const app = startedApp(database, { environment: { EVENT_STREAMS: "5" } });

  const clients = async (headers: Readonly<Record<string, string>>) => [
    ...rpcDoors.map((door) => rpcClient(app, door, EventService, headers)),
    webClient(app, headers),
  ];

  function webClient({ http }: Pick<Started, "http">, headers: Readonly<Record<string, string>>) {
    const transport = createGrpcWebTransport({
      baseUrl: http,
      httpVersion: "1.1",
      interceptors: [
        (next) => (request) => {
          for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
          return next(request);
        },
      ],
    });
    return createClient(EventService, transport);
  }

  async function heard(client: Client<typeof EventService>, cursor: string, count: number) {
    const leave = new AbortController();
    const told = [];
    for await (const message of client.streamEvents({ cursor }, { signal: leave.signal })) {
      if (message.event) told.push(message);
      if (told.length === count) break;
    }
    leave.abort();
    return told;
  }

  /** Begins to listen; `leave` ends it, as the generated clients do not when their reader stops. */
  async function listener(client: Client<typeof EventService>, request: object = {}) {
    const left = new AbortController();
    const stream = client.streamEvents(request, { signal: left.signal })[Symbol.asyncIterator]();
    const { value } = await stream.next();
    return { first: value, leave: () => left.abort() };
  }

  async function begin(client: Client<typeof EventService>, request: object = {}): Promise<void> {
    const { leave } = await listener(client, request);
    leave();
  }

  async function cursorOfNow(client: Client<typeof EventService>): Promise<string> {
    const { first, leave } = await listener(client, { start: StreamStart.NOW });
    leave();
    expect(first?.event).toBeUndefined();
    return first?.cursor ?? "";
  }

  test("over every door a service hears what happens, but no token, and goes on where it was", async () => {
    const [first, ...others] = await clients(await asAdministrator(app));
    if (!first) throw new Error("no client");
    const cursor = await cursorOfNow(first);
    const email = freshEmail();

    await post(app, "/identity/users", { email, password: PASSWORD, lang: "fr" });

    await app.tokenFor(email);
    for (const client of [first, ...others]) {
      const [created, asked] = await heard(client, cursor, 2);
      expect(created?.event?.name).toBe("model.user.created");
      expect(created?.event?.payload).toMatchObject({
        case: "userCreated",
        value: { record: { email, state: "pending", level: 0, otp: false } },
      });
      expect(asked?.event?.payload).toMatchObject({
        case: "emailConfirmationToken",
        value: { user: { email }, language: "fr", token: "" },
      });
      const [again] = await heard(client, created?.cursor ?? "", 1);
      expect(again?.event?.id).toBe(asked?.event?.id);
    }
  });

  test("members, strangers and bad requests are refused", async () => {
    const email = await activeMember(app);
    const member = await clients({ cookie: await signIn(app, email) });
    const nobody = await clients({});
    const [staff] = await clients(await asAdministrator(app));
    if (!staff) throw new Error("no client");
    for (const client of member) expect(await reasonsOf(begin(client))).toEqual(["admin.access.denied"]);
    for (const client of nobody) expect(await reasonsOf(begin(client))).toEqual(["jwt.decode_and_verify"]);
    expect(await reasonsOf(begin(staff, { cursor: "garbage" }))).toEqual(["events.cursor_unknown"]);
    expect(await reasonsOf(begin(staff, { names: ["no such name!"] }))).toEqual(["events.invalid_names"]);
  });

  test("who is banned, loses his role or his session is refused in the middle of a stream", async () => {
    const ways: [string, (account: Account) => Promise<unknown>][] = [
      [
        "authz.user_not_active",
        (account) => inTx((tx) => app.rooms.accounts.setState(account, "banned", tx)),
      ],
      ["authz.invalid_session", (account) => inTx((tx) => app.rooms.accounts.setRole(account, "member", tx))],
      ["authz.invalid_session", ({ email }) => signOut(email)],
    ];
    const cookies = new Map<string, string>();
    const inTx = (work: (tx: Tx) => Promise<unknown>) => app.database.transaction(work);
    const signOut = (email: string) =>
      rest(app, "DELETE", "/identity/sessions", { headers: { cookie: cookies.get(email) ?? "" } });
    for (const [reason, act] of ways) {
      for (const door of rpcDoors) {
        const email = await activeMember(app);
        await promote(app, email);
        cookies.set(email, await signIn(app, email));
        const client = rpcClient(app, door, EventService, { cookie: cookies.get(email) ?? "" });
        let messages = 0;
        const reasons = reasonsOf(
          (async () => {
            for await (const _message of client.streamEvents({})) messages += 1;
          })(),
        );
        await expect.poll(() => messages).toBe(1);

        await act(await accountWith(app, email));

        expect(await reasons).toEqual([reason]);
      }
    }
  });

  test.each(rpcDoors)("a stream over %s with a session's token ends with the session", async (door) => {
    const email = await activeMember(app);
    await promote(app, email);
    const cookie = await signIn(app, email);
    const client = rpcClient(app, door, EventService, { authorization: await bearerFor(app, cookie) });
    let messages = 0;
    const reasons = reasonsOf(
      (async () => {
        for await (const _message of client.streamEvents({})) messages += 1;
      })(),
    );
    await expect.poll(() => messages).toBe(1);

    await rest(app, "DELETE", "/identity/sessions", { headers: { cookie } });

    expect(await reasons).toEqual(["jwt.decode_and_verify"]);
  });

  test("an API key of staff may listen until it is deleted, though its signature was good for a moment only", async () => {
    const key = await keyOfMember(app);
    await promote(app, key.email);
    const client = rpcClient(app, "gRPC", EventService, signedByNonce(key));
    let messages = 0;
    const reasons = reasonsOf(
      (async () => {
        for await (const _message of client.streamEvents({})) messages += 1;
      })(),
    );
    await expect.poll(() => messages).toBe(1);
    await post(app, "/identity/users", { email: freshEmail(), password: PASSWORD });
    await expect.poll(() => messages).toBe(3);

    await app.rooms.apiKeys.delete({ userId: key.accountId, kid: key.kid });

    expect(await reasons).toEqual(["authz.unexistent_apikey"]);
  });

  test("streams beyond the limit are refused, and those who leave make room", async () => {
    const [client] = await clients(await asAdministrator(app));
    if (!client) throw new Error("no client");
    const listeners = await Promise.all([1, 2, 3, 4, 5].map(() => listener(client)));

    expect(await reasonsOf(begin(client))).toEqual(["events.too_many_streams"]);
    for (const { leave } of listeners) leave();
    await expect.poll(() => reasonsOf(begin(client))).toEqual([]);
  });

  test("a server that goes down ends streams as if they were over, and at once", async () => {
    const own = await start(database);
    const headers = await asAdministrator(own);
    const doors = rpcDoors.map((door) => rpcClient(own, door, EventService, headers));
    const readings = [...doors, webClient(own, headers)].map(async (client) => {
      let messages = 0;
      for await (const _message of client.streamEvents({})) messages += 1;
      return messages;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));

    const began = performance.now();
    const stopped = own.stop();

    expect(await Promise.all(readings)).toEqual([1, 1, 1]);
    await stopped;
    expect(performance.now() - began).toBeLessThan(4000);
  });
});
