import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, post, rest } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { codeAt, enableSecondFactor, signInWithCode } from "../../support/second-factor.js";
import { freshNonce, type SigningKey, signedByRequest } from "../../support/signing.js";
import { accountWith, asAdministrator } from "../../support/staff.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const KEYS = "/resource/api_keys";
const ME = "/api/v2/resource/users/me";
const NEW_PASSWORD = "Gol4aid2";
const NOT_ACTIVE = "authz.apikey_not_active";
const SWITCHED_OFF = "API keys of your Barong account were switched off";

interface Owner {
  readonly id: number;
  readonly uid: string;
  readonly email: string;
  readonly seed: string;
  readonly cookie: string;
}

describeEachDatabase("API keys after a recovery", (database) => {
  const now = { moment: new Date() };
  const app = startedApp(database, { clock: () => now.moment });

  /** The code of a time step that has not been used yet. */
  const freshCode = (seed: string): string => {
    now.moment = secondsAfter(now.moment, 30);
    return codeAt(seed, now.moment);
  };

  async function ownerOf(email: string, password = PASSWORD): Promise<Owner> {
    const seed = await enrol(email, password);
    const { id, uid } = await accountWith(app, email);
    return { id, uid, email, seed, cookie: await signInWithCode(app, email, freshCode(seed), password) };
  }

  const enrol = (email: string, password?: string): Promise<string> =>
    enableSecondFactor(app, email, now.moment, password);

  async function createKey({ cookie, seed }: Owner): Promise<SigningKey> {
    const json = { algorithm: "HS256", totp_code: freshCode(seed) };
    const { status, body } = await post(app, KEYS, json, { cookie });
    expect(status).toBe(201);
    return body as SigningKey;
  }

  const switchOn = ({ cookie, seed }: Owner, { kid }: SigningKey) =>
    rest(app, "PATCH", `${KEYS}/${kid}`, {
      json: { state: "active", totp_code: freshCode(seed) },
      headers: { cookie },
    });

  async function statesOf({ id }: Owner): Promise<Record<string, string>> {
    const { rows } = await app.rooms.apiKeys.list(id, { offset: 0, limit: 100 });
    return Object.fromEntries(rows.map(({ kid, state }) => [kid, state]));
  }

  async function resetPassword(email: string): Promise<void> {
    await post(app, "/identity/users/password/generate_code", { email });
    const reset = await post(app, "/identity/users/password/confirm_code", {
      reset_password_token: await app.tokenFor(email),
      password: NEW_PASSWORD,
      confirm_password: NEW_PASSWORD,
    });
    expect(reset.status).toBe(201);
  }

  async function switchSecondFactorOff({ uid }: Owner): Promise<void> {
    const headers = await asAdministrator(app);
    const off = await rest(app, "PUT", "/admin/users", { json: { uid, otp: false }, headers });
    expect(off.status).toBe(200);
  }

  const signed = (key: SigningKey, target = ME, verb = "GET") =>
    signedByRequest(key, { target, verb, nonce: freshNonce(now.moment) });

  const me = (key: SigningKey) => rest(app, "GET", "/resource/users/me", { headers: signed(key) });

  async function tokenFor(key: SigningKey): Promise<string> {
    const target = "/api/v2/orders";
    const passed = await rest(app, "GET", `/auth${target}`, { headers: signed(key, target) });
    expect(passed.status).toBe(200);
    return passed.headers.get("authorization") ?? "";
  }

  async function expectRefusedEverywhere(key: SigningKey, authorization: string): Promise<void> {
    expectRefusal(await me(key), 401, NOT_ACTIVE);
    const target = "/api/v2/orders";
    const asked = await rest(app, "GET", `/auth${target}`, { headers: signed(key, target) });
    expectRefusal(asked, 401, NOT_ACTIVE);
    const nonce = String(now.moment.getTime());
    const bearer = await rest(app, "GET", "/resource/users/me", { headers: { authorization } });
    expectRefusal(bearer, 401, NOT_ACTIVE);
    for (const door of rpcDoors) {
      const ways = [{ authorization }, signedForRpc(key, nonce)];
      for (const headers of ways)
        expect(await reasonsOf(rpcClient(app, door, UserService, headers).getMe({}))).toEqual([NOT_ACTIVE]);
    }
  }

  const signedForRpc = (key: SigningKey, nonce: string) => {
    const target = "/barong.resource.v1.UserService/GetMe";
    return signedByRequest(key, { target, verb: "POST", nonce: `${nonce}-rpc` });
  };

  async function expectTold({ id, email }: Owner, cause: string, kids: readonly string[]): Promise<void> {
    const log = await app.rooms.activities.list(id, "api_key", { offset: 0, limit: 10 });
    const told = log.rows.map(({ action, result, data }) => [action, result, data]);
    expect(told).toEqual([["deactivate API keys", "succeed", JSON.stringify({ cause, kids })]]);
    const mails = (await app.mails()).filter(({ to, subject }) => to === email && subject === SWITCHED_OFF);
    const shown = kids.map((kid) => `${kid.slice(0, 8)}…`).join(", ");
    expect(mails.map(({ text }) => text)).toEqual([expect.stringContaining(`\nAPI keys: ${shown}\n`)]);
  }

  test("a password reset switches them off in every transport, and tells the owner which", async () => {
    const dana = await ownerOf(await activeMember(app));
    const [first, second] = [await createKey(dana), await createKey(dana)];
    const token = await tokenFor(first);
    expect((await me(second)).status).toBe(200);

    await resetPassword(dana.email);

    await expectRefusedEverywhere(first, token);
    expectRefusal(await me(second), 401, NOT_ACTIVE);
    expect(await statesOf(dana)).toEqual({ [first.kid]: "inactive", [second.kid]: "inactive" });
    await expectTold(dana, "password reset", [first.kid, second.kid]);
  });

  test("an administrator who switches the second factor off switches them off, and a new enrolment does not revive them", async () => {
    const dana = await ownerOf(await activeMember(app));
    const [first, second] = [await createKey(dana), await createKey(dana)];
    const token = await tokenFor(first);

    await switchSecondFactorOff(dana);
    await expectRefusedEverywhere(first, token);
    const again = await ownerOf(dana.email);

    await expectRefusedEverywhere(first, token);
    await expectTold(dana, "2FA disabled", [first.kid, second.kid]);
    expect((await switchOn(again, first)).status).toBe(200);
    expect((await me(first)).status).toBe(200);
    expectRefusal(await me(second), 401, NOT_ACTIVE);
  });

  test("keys that are left active from before the second factor was switched off stay off after a new enrolment", async () => {
    const dana = await ownerOf(await activeMember(app));
    const key = await createKey(dana);
    await app.database.transaction((tx) => app.rooms.accounts.setOtp(dana, false, tx));

    await enrol(dana.email);

    expectRefusal(await me(key), 401, NOT_ACTIVE);
    await expectTold(dana, "2FA enabled", [key.kid]);
  });

  test("keys that the owner has disabled stay disabled, and without an active key nobody is told anything", async () => {
    const dana = await ownerOf(await activeMember(app));
    const key = await createKey(dana);
    await app.rooms.apiKeys.change({ userId: dana.id, kid: key.kid }, { state: "disabled" });

    await resetPassword(dana.email);

    expect(await statesOf(dana)).toEqual({ [key.kid]: "disabled" });
    expect(
      (await app.mails()).filter(({ to, subject }) => to === dana.email && subject === SWITCHED_OFF),
    ).toEqual([]);
  });

  test.each(["switches no key on", "makes no key"])(
    "a request that was on its way when the password was reset %s",
    async (what) => {
      const dana = await ownerOf(await activeMember(app));
      const key = await createKey(dana);
      const account = await accountWith(app, dana.email);

      const late = await app.database.transaction(async (tx) => {
        await app.rooms.accounts.lock(dana.id, tx);
        const answer = what === "makes no key" ? tryToCreateKey(dana) : switchOn(dana, key);
        // Long enough for it to have found out who is calling.
        await pause(300);
        await app.rooms.accounts.setPassword(dana, account.passwordDigest, tx);
        await app.rooms.apiKeys.deactivateAll(account, { cause: "password reset" }, tx);
        return { answer };
      });

      expectRefusal(await late.answer, 401, "authz.invalid_session");
      expect(await statesOf(dana)).toEqual({ [key.kid]: "inactive" });
    },
  );

  const tryToCreateKey = ({ cookie, seed }: Owner) =>
    post(app, KEYS, { algorithm: "HS256", totp_code: freshCode(seed) }, { cookie });

  test("the owner's own change of the password leaves them on", async () => {
    const dana = await ownerOf(await activeMember(app));
    const key = await createKey(dana);

    const changed = await rest(app, "PUT", "/resource/users/password", {
      json: { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD },
      headers: { cookie: dana.cookie },
    });

    expect(changed.status).toBe(201);
    expect((await me(key)).status).toBe(200);
  });
});
