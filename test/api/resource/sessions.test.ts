import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { SessionService } from "../../../gen/barong/resource/v1/session_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, cookieOf, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { rpcClient, rpcDoors } from "../../support/rpc.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

interface Shown {
  readonly id: number;
  readonly user_ip: string;
  readonly user_agent: string;
  readonly current: boolean;
  readonly created_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string;
}

const SESSIONS = "/resource/sessions";

describeEachDatabase("own sessions", (database) => {
  const now = { moment: new Date("2026-03-01T12:00:00.000Z") };
  const app = startedApp(database, {
    clock: () => now.moment,
    environment: { SESSIONS_PER_ACCOUNT: "3", SESSION_LIFETIME_SECONDS: "86400" },
  });

  const me = (cookie: string) => rest(app, "GET", "/resource/users/me", { headers: { cookie } });
  const list = async (headers: Record<string, string>, query = "") => {
    const answer = await rest(app, "GET", `${SESSIONS}${query}`, { headers });
    expect(answer.status).toBe(200);
    return answer.body as Shown[];
  };
  const end = (id: number, headers: Record<string, string>) =>
    rest(app, "DELETE", `${SESSIONS}/${id}`, { headers });

  async function signInWith(email: string, agent: string): Promise<string> {
    const answer = await post(
      app,
      "/identity/sessions",
      { email, password: PASSWORD },
      { "user-agent": agent },
    );
    return cookieOf(answer);
  }

  test("are listed newest first, with where they are from and which of them is this one", async () => {
    const email = await activeMember(app);
    const phone = await signInWith(email, "phone");
    now.moment = secondsAfter(now.moment, 60);
    const laptop = await signInWith(email, "laptop");

    const sessions = await list({ cookie: phone });

    expect(sessions).toEqual([
      {
        id: expect.any(Number),
        user_ip: "127.0.0.1",
        user_agent: "laptop",
        current: false,
        created_at: now.moment.toISOString().replace(".000", ""),
        last_seen_at: now.moment.toISOString().replace(".000", ""),
        expires_at: secondsAfter(now.moment, 86400).toISOString().replace(".000", ""),
      },
      expect.objectContaining({ user_agent: "phone", current: true }),
    ]);
    expect((await list({ cookie: laptop })).map(({ current }) => current)).toEqual([true, false]);
    const page = await rest(app, "GET", `${SESSIONS}?limit=1&page=2`, { headers: { cookie: laptop } });
    expect(page.headers.get("total")).toBe("2");
    expect((page.body as Shown[]).map(({ user_agent }) => user_agent)).toEqual(["phone"]);
  });

  test("a gateway's token is of the session it was issued for, with and without the cookie beside it", async () => {
    const email = await activeMember(app);
    const [cookie, other] = [await signIn(app, email), await signIn(app, email)];
    const authorization = await bearerFor(app, cookie);
    const own = (await list({ cookie })).find(({ current }) => current)?.id;
    const currentFor = async (headers: Record<string, string>) =>
      (await list(headers)).filter(({ current }) => current).map(({ id }) => id);

    expect(await currentFor({ authorization })).toEqual([own]);
    expect(await currentFor({ authorization, cookie })).toEqual([own]);
    // It is the token that proves who calls.
    expect(await currentFor({ authorization, cookie: other })).toEqual([own]);
  });

  test("one that is ended is over at once, here and at the gateway, and the others go on", async () => {
    const email = await activeMember(app);
    const phone = await signInWith(email, "phone");
    const laptop = await signInWith(email, "laptop");
    expect((await rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie: phone } })).status).toBe(200);
    const lost = (await list({ cookie: laptop })).find(({ user_agent }) => user_agent === "phone");

    const answer = await end(lost?.id ?? 0, { cookie: laptop });

    expect(answer).toMatchObject({ status: 204, body: "" });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expectRefusal(await me(phone), 401, "authz.invalid_session");
    expectRefusal(
      await rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie: phone } }),
      401,
      "authz.invalid_session",
    );
    expect((await me(laptop)).status).toBe(200);
    expectRefusal(await end(lost?.id ?? 0, { cookie: laptop }), 404, "record.not_found");
    const log = await rest(app, "GET", "/resource/users/activity/session", { headers: { cookie: laptop } });
    expect((log.body as { action: string }[])[0]).toMatchObject({ action: "end session", result: "succeed" });
  });

  test("ending this one signs out and clears the cookie", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const [own] = await list({ cookie });

    const answer = await end(own?.id ?? 0, { cookie });

    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie().join()).toMatch(/^_barong_session=;.*Max-Age=0/);
    expectRefusal(await me(cookie), 401, "authz.invalid_session");
  });

  test("behind a gateway the others end, and ending this one clears the cookie beside the token", async () => {
    const email = await activeMember(app);
    const [other, cookie] = [await signIn(app, email), await signIn(app, email)];
    const authorization = await bearerFor(app, cookie);
    const own = (await list({ cookie })).find(({ current }) => current);

    const withoutOthers = await rest(app, "DELETE", SESSIONS, { headers: { authorization, cookie } });
    expect(withoutOthers.status).toBe(204);
    expectRefusal(await me(other), 401, "authz.invalid_session");
    expect((await me(cookie)).status).toBe(200);
    const ended = await end(own?.id ?? 0, { authorization, cookie });

    expect(ended.headers.getSetCookie().join()).toMatch(/^_barong_session=;.*Max-Age=0/);
    expectRefusal(await me(cookie), 401, "authz.invalid_session");
  });

  test("without a cookie the session of the token stays when all others end", async () => {
    const email = await activeMember(app);
    const [own, other] = [await signIn(app, email), await signIn(app, email)];
    const authorization = await bearerFor(app, own);

    const ended = await rest(app, "DELETE", SESSIONS, { headers: { authorization } });

    expect(ended.status).toBe(204);
    expect(ended.headers.getSetCookie()).toEqual([]);
    expect((await me(own)).status).toBe(200);
    expectRefusal(await me(other), 401, "authz.invalid_session");
  });

  test("one that goes on under a new token while it is being ended is told not to be ended", async () => {
    const email = await activeMember(app);
    const [cookie, other] = [await signIn(app, email), await signIn(app, email)];
    const id = (await list({ cookie })).find(({ current }) => current)?.id ?? 0;
    const account = await app.rooms.accounts.byEmail(email);
    const told: string[] = [];

    const late = await app.database.transaction(async (tx) => {
      await app.rooms.accounts.lock(account?.id ?? 0, tx);
      const ending = end(id, { cookie: other });
      // Long enough for it to have found out who is calling.
      await pause(2000);
      const own = {
        token: cookie.slice("_barong_session=".length),
        renewed: (token: string) => void told.push(token),
      };
      await app.rooms.accounts.setPassword({ id: account?.id ?? 0 }, account?.passwordDigest ?? "", tx, own);
      return { ending };
    });

    expectRefusal(await late.ending, 404, "record.not_found");
    expect((await me(`_barong_session=${told[0]}`)).status).toBe(200);
  });

  test("all others end together", async () => {
    const email = await activeMember(app);
    const others = [await signIn(app, email), await signIn(app, email)];
    const cookie = await signIn(app, email);
    for (const other of others) expect((await me(other)).status).toBe(200);

    expect(await rest(app, "DELETE", SESSIONS, { headers: { cookie } })).toMatchObject({ status: 204 });

    for (const other of others) expectRefusal(await me(other), 401, "authz.invalid_session");
    expect(await list({ cookie })).toHaveLength(1);
  });

  test("those of somebody else, ended ones and numbers that are none are not found", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const eve = await signIn(app, await activeMember(app));
    const [own] = await list({ cookie });

    expectRefusal(await end(own?.id ?? 0, { cookie: eve }), 404, "record.not_found");
    expect((await me(cookie)).status).toBe(200);
    expectRefusal(await end(999_999_999, { cookie }), 404, "record.not_found");
    const largest = await rest(app, "DELETE", `${SESSIONS}/9223372036854775807`, { headers: { cookie } });
    expectRefusal(largest, 404, "record.not_found");
    expectRefusal(
      await rest(app, "DELETE", `${SESSIONS}/0`, { headers: { cookie } }),
      422,
      "resource.session.invalid_id",
    );
    expectRefusal(
      await rest(app, "DELETE", `${SESSIONS}/x`, { headers: { cookie } }),
      422,
      "resource.session.invalid_id",
    );
  });

  test("a page of another origin cannot end them with the cookie", async () => {
    const cookie = await signIn(app, await activeMember(app));

    const answer = await rest(app, "DELETE", SESSIONS, {
      headers: { cookie, origin: "https://evil.example" },
    });

    expectRefusal(answer, 403, "authz.origin_refused");
  });

  test("one too many ends the one unseen for longest", async () => {
    const email = await activeMember(app);
    const cookies: string[] = [];
    for (let count = 0; count < 3; count++) {
      now.moment = secondsAfter(now.moment, 120);
      cookies.push(await signIn(app, email));
    }
    const [first = "", second = "", third = ""] = cookies;
    now.moment = secondsAfter(now.moment, 120);
    // The oldest is in use.
    expect((await me(first)).status).toBe(200);

    const fourth = await signIn(app, email);

    expectRefusal(await me(second), 401, "authz.invalid_session");
    for (const cookie of [first, third, fourth]) expect((await me(cookie)).status).toBe(200);
  });

  test("those that are over take no place of those that hold", async () => {
    const email = await activeMember(app);
    const began = now.moment;
    const old = await signIn(app, email);
    for (let seconds = 0; seconds < 85_000; seconds += 1500) {
      now.moment = secondsAfter(began, seconds);
      expect((await me(old)).status).toBe(200);
    }
    now.moment = secondsAfter(began, 85_000);
    expect((await me(old)).status).toBe(200);
    const others = [await signIn(app, email), await signIn(app, email)];
    now.moment = secondsAfter(began, 86_000);
    expect((await me(old)).status).toBe(200);
    now.moment = secondsAfter(began, 86_400);

    const fresh = await signIn(app, email);

    expectRefusal(await me(old), 401, "authz.invalid_session");
    for (const cookie of [...others, fresh]) expect((await me(cookie)).status).toBe(200);
  });

  test("parallel sign-ins are no way around the limit", async () => {
    const email = await activeMember(app);

    const cookies = await Promise.all(Array.from({ length: 8 }, () => signIn(app, email)));

    const statuses = await Promise.all(cookies.map(async (cookie) => (await me(cookie)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
  });

  test("idle and absolute limits hold, however often a session was seen a moment before", async () => {
    const email = await activeMember(app);
    const idle = await signIn(app, email);
    expect((await me(idle)).status).toBe(200);
    now.moment = secondsAfter(now.moment, 1800);
    expectRefusal(await me(idle), 401, "authz.invalid_session");

    const busy = await signIn(app, email);
    const began = now.moment;
    for (let seconds = 0; seconds < 86_400; seconds += 1500) {
      now.moment = secondsAfter(began, seconds);
      expect((await me(busy)).status).toBe(200);
    }
    now.moment = secondsAfter(began, 86_400);
    expectRefusal(await me(busy), 401, "authz.invalid_session");
    expect(
      await app.rooms.sessions.list((await app.rooms.accounts.byEmail(email))?.id ?? 0, {
        offset: 0,
        limit: 9,
      }),
    ).toEqual({ rows: [], total: 0 });
  });

  test("a new token does not make a session live longer", async () => {
    const email = await activeMember(app);
    const began = now.moment;
    const cookie = await signIn(app, email);
    now.moment = secondsAfter(began, 1500);

    const answer = await rest(app, "PUT", "/resource/users/password", {
      json: { old_password: PASSWORD, new_password: "Gol4aid2x", confirm_password: "Gol4aid2x" },
      headers: { cookie },
    });

    expect(answer.headers.getSetCookie().join()).toMatch(/Max-Age=84900;/);
    const [renewed] = await list({ cookie: cookieOf(answer) });
    expect(renewed?.expires_at).toBe(secondsAfter(began, 86_400).toISOString().replace(".000", ""));
  });

  test.each(rpcDoors)("are the same over %s", async (door) => {
    const cookie = await signIn(app, await activeMember(app));
    const client = rpcClient(app, door, SessionService, { cookie });

    const { sessions, total } = await client.listSessions({});

    expect(total).toBe(1n);
    expect(sessions).toMatchObject([{ current: true, userIp: "127.0.0.1" }]);
    await client.endSession({ id: sessions[0]?.id ?? 0n });
    expectRefusal(await me(cookie), 401, "authz.invalid_session");
  });
});
