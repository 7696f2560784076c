import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, expect, test } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { stampedJti, type TokenSource } from "../../../src/features/authz/token-stamp.js";
import { secondsAfter, secondsOf } from "../../../src/platform/clock.js";
import { generateSigningKey, readSigningKey } from "../../../src/platform/signing-key.js";
import { doorsOf } from "../../doors/three-doors.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { asAdministrator } from "../../support/staff.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const NEW_PASSWORD = "Gol4aid2x";
const IDLE_SECONDS = 1800;
const LIFETIME_SECONDS = 3600;

const folder = mkdtempSync(join(tmpdir(), "barong-session-tokens-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const keyFile = join(folder, "jwt.pem");
const pem = generateSigningKey("RS256");
writeFileSync(keyFile, pem, { mode: 0o600 });
const key = readSigningKey(pem);

describeEachDatabase("tokens that a gateway gets for sessions", (database) => {
  const now = { moment: new Date("2026-03-01T12:00:00.000Z") };
  const app = startedApp(database, {
    clock: () => now.moment,
    environment: {
      JWT_PRIVATE_KEY_PATH: keyFile,
      // They would outlive their sessions.
      JWT_LIFETIME_SECONDS: "6000",
      SESSION_LIFETIME_SECONDS: String(LIFETIME_SECONDS),
      SESSION_IDLE_SECONDS: String(IDLE_SECONDS),
      SESSIONS_PER_ACCOUNT: "3",
      // As long as it may be.
      AUTHZ_CACHE_MS: "1000",
    },
  });
  const wait = (seconds: number) => {
    now.moment = secondsAfter(now.moment, seconds);
  };

  interface SignedIn {
    readonly email: string;
    readonly uid: string;
    readonly id: number;
    readonly cookie: string;
    readonly authorization: string;
  }

  async function signedIn(email: string): Promise<SignedIn> {
    const cookie = await signIn(app, email);
    const { body } = await rest(app, "GET", "/resource/users/me", { headers: { cookie } });
    const sessions = await rest(app, "GET", "/resource/sessions", { headers: { cookie } });
    const own = (sessions.body as { id: number; current: boolean }[]).find(({ current }) => current);
    const { uid } = body as { uid: string };
    return { email, uid, id: own?.id ?? 0, cookie, authorization: await bearerFor(app, cookie) };
  }

  /** What each transport says to the bearer of a token: the codes of a refusal, none for a success. */
  async function askEverywhere(authorization: string) {
    const codes: Record<string, readonly string[]> = {};
    const call = { rest: "GET /resource/users/me", method: UserService.method.getMe, fields: {} };
    for (const [name, door] of Object.entries(doorsOf(app)))
      codes[name] = await door({ ...call, headers: { authorization } });
    return codes;
  }
  const everywhere = (...codes: string[]) =>
    Object.fromEntries(["REST", "Connect", "gRPC-Web", "gRPC"].map((name) => [name, codes]));
  const DEAD = everywhere("jwt.decode_and_verify");

  const del = (path: string, headers: Record<string, string>) => rest(app, "DELETE", path, { headers });

  type End = (ended: SignedIn, other: SignedIn) => Promise<{ readonly status: number }>;

  test.each<[string, End]>([
    ["its owner signs out", ({ cookie }) => del("/identity/sessions", { cookie })],
    ["its owner ends it", ({ id }, { cookie }) => del(`/resource/sessions/${id}`, { cookie })],
    [
      "its owner ends it by a token",
      ({ id, authorization }) => del(`/resource/sessions/${id}`, { authorization }),
    ],
    ["its owner ends all others", (_, { cookie }) => del("/resource/sessions", { cookie })],
    [
      "its owner ends all others by a token",
      (_, { authorization }) => del("/resource/sessions", { authorization }),
    ],
    [
      "an administrator ends it",
      async ({ uid, id }) => del(`/admin/users/${uid}/sessions/${id}`, await asAdministrator(app)),
    ],
    [
      "another one takes its place in the browser",
      ({ email, cookie }) => post(app, "/identity/sessions", { email, password: PASSWORD }, { cookie }),
    ],
  ])("die when %s, through every door, and those of another session do not", async (_name, end) => {
    const email = await activeMember(app);
    const [ended, other] = [await signedIn(email), await signedIn(email)];
    expect(await askEverywhere(ended.authorization)).toEqual(everywhere());
    expect(await askEverywhere(other.authorization)).toEqual(everywhere());

    expect((await end(ended, other)).status).toBeLessThan(300);

    expect(await askEverywhere(ended.authorization)).toEqual(DEAD);
    expect(await askEverywhere(other.authorization)).toEqual(everywhere());
  });

  test("die when an administrator ends all sessions", async () => {
    const email = await activeMember(app);
    const all = [await signedIn(email), await signedIn(email)];
    for (const { authorization } of all) expect(await askEverywhere(authorization)).toEqual(everywhere());

    await del(`/admin/users/${all[0]?.uid}/sessions`, await asAdministrator(app));

    for (const { authorization } of all) expect(await askEverywhere(authorization)).toEqual(DEAD);
  });

  test("die when another session changes the password, whose own token dies with its old cookie", async () => {
    const email = await activeMember(app);
    const [ended, other] = [await signedIn(email), await signedIn(email)];
    for (const { authorization } of [ended, other])
      expect(await askEverywhere(authorization)).toEqual(everywhere());

    const changed = await rest(app, "PUT", "/resource/users/password", {
      json: { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD },
      headers: { authorization: other.authorization, cookie: other.cookie },
    });
    const cookie = changed.headers.getSetCookie().join().split(";")[0] ?? "";

    for (const { authorization } of [ended, other]) expect(await askEverywhere(authorization)).toEqual(DEAD);
    expect(await askEverywhere(await bearerFor(app, cookie))).toEqual(everywhere());
  });

  test("die when their session is one too many", async () => {
    const email = await activeMember(app);
    const first = await signedIn(email);
    wait(120);
    for (let count = 0; count < 3; count += 1) await signedIn(email);

    expect(await askEverywhere(first.authorization)).toEqual(DEAD);
  });

  test("die when their session was not used for too long", async () => {
    const { authorization } = await signedIn(await activeMember(app));
    expect(await askEverywhere(authorization)).toEqual(everywhere());

    wait(IDLE_SECONDS);

    expect(await askEverywhere(authorization)).toEqual(DEAD);
  });

  test("keep their session from going idle, but not beyond its lifetime", async () => {
    const { authorization } = await signedIn(await activeMember(app));

    wait(IDLE_SECONDS - 60);
    expect(await askEverywhere(authorization)).toEqual(everywhere());
    wait(IDLE_SECONDS - 60);
    expect(await askEverywhere(authorization)).toEqual(everywhere());
    const { body } = await rest(app, "GET", "/resource/sessions", { headers: { authorization } });
    expect(body).toMatchObject([{ last_seen_at: now.moment.toISOString().replace(".000", "") }]);
    wait(120);

    expect(await askEverywhere(authorization)).toEqual(DEAD);
  });

  test("neither sign their owner out nor enroll a second factor when their session has ended", async () => {
    const email = await activeMember(app);
    const stolen = await signedIn(email);
    await del("/identity/sessions", { cookie: stolen.cookie });
    const { cookie } = await signedIn(email);
    const headers = { authorization: stolen.authorization };

    for (const attempt of [
      await rest(app, "DELETE", "/resource/sessions", { headers }),
      await post(app, "/resource/otp/generate_qrcode", {}, headers),
      await post(app, "/resource/otp/enable", { code: "123456" }, headers),
    ])
      expectRefusal(attempt, 401, "jwt.decode_and_verify");
    expect((await rest(app, "GET", "/resource/users/me", { headers: { cookie } })).status).toBe(200);
  });

  /** A token with our key: under its name when it is issued for something, and without a name as Barong 2 does. */
  async function forged(uid: string, issued: { readonly source: TokenSource } | { readonly jti: string }) {
    const iat = secondsOf(now.moment);
    const isOurs = "source" in issued;
    const token = await new SignJWT({ uid, email: "", role: "member", level: 1, state: "active" })
      .setProtectedHeader({ alg: "RS256", ...(isOurs && { kid: key.kid }) })
      .setIssuedAt(iat)
      .setExpirationTime(iat + 6000)
      .setSubject("session")
      .setIssuer("barong")
      .setAudience(["peatio", "barong"])
      .setJti(isOurs ? stampedJti(iat, now.moment.getTime(), issued.source) : issued.jti)
      .sign(key.privateKey);
    return `Bearer ${token}`;
  }
  const ofBarong2 = (uid: string) => forged(uid, { jti: randomBytes(10).toString("hex") });

  test("are good for the account of their session alone", async () => {
    const [dana, eve] = [await signedIn(await activeMember(app)), await signedIn(await activeMember(app))];
    const session = (id: number): TokenSource => ({ kind: "session", id });

    expect(await askEverywhere(await forged(dana.uid, { source: session(dana.id) }))).toEqual(everywhere());
    for (const source of [session(eve.id), session(0), session(2 ** 40 - 1)])
      expect(await askEverywhere(await forged(dana.uid, { source }))).toEqual(DEAD);
  });

  test("that a Barong 2 has signed with the same key are accepted, whatever their random ids look like", async () => {
    const { uid, email } = await signedIn(await activeMember(app));

    for (let count = 0; count < 40; count += 1) {
      const headers = { authorization: await ofBarong2(uid) };
      expect(await rest(app, "GET", "/resource/users/me", { headers })).toMatchObject({
        status: 200,
        body: { email },
      });
    }
    expect(await askEverywhere(await ofBarong2(uid))).toEqual(everywhere());
  });

  test("that a Barong 2 has signed are void when credentials have changed since, by the second, or the account is banned", async () => {
    const { uid } = await signedIn(await activeMember(app));
    const account = await app.rooms.accounts.byUid(uid);
    const id = account?.id ?? 0;
    const { accounts } = app.rooms;
    const old = await ofBarong2(uid);
    now.moment = new Date(now.moment.getTime() + 500);
    await app.database.transaction((tx) => accounts.setRole({ id }, "accountant", tx));

    expect(await askEverywhere(old)).toEqual(DEAD);
    // Its second cannot be told from the one of the change.
    expect(await askEverywhere(await ofBarong2(uid))).toEqual(DEAD);
    wait(1);
    const fresh = await ofBarong2(uid);
    expect(await askEverywhere(fresh)).toEqual(everywhere());
    await app.database.transaction((tx) => accounts.setState({ id }, "banned", tx));
    expect(await askEverywhere(fresh)).toEqual(everywhere("authz.user_not_active"));
  });
});
