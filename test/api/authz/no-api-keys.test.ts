import { expect, test } from "vitest";
import { SessionService } from "../../../gen/barong/resource/v1/session_service_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember, type MemberKey } from "../../support/key-owner.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { signedByNonce, signedByRequest } from "../../support/signing.js";
import { startedApp } from "../../support/start-app.js";

const REFUSED = [403, "authz.apikey_not_allowed"] as const;
const CODE = { totp_code: "000000" };
const PHONE = { phone_number: "+44 7418 084106", verification_code: "000000" };
const UID = "ID30DD0DD986";

/** What an account does about itself. */
const OWN: readonly (readonly [verb: string, path: string, json?: object])[] = [
  ["DELETE", "/resource/sessions"],
  ["DELETE", "/resource/sessions/1"],
  ["POST", "/resource/otp/generate_qrcode", {}],
  ["POST", "/resource/otp/enable", { code: "000000" }],
  ["POST", "/resource/otp/verify", { code: "000000" }],
  ["POST", "/resource/phones", PHONE],
  ["POST", "/resource/phones/send_code", PHONE],
  ["POST", "/resource/phones/verify", PHONE],
  ["PUT", "/resource/users/password", { old_password: "x", new_password: "y", confirm_password: "y" }],
  ["GET", "/resource/api_keys?totp_code=000000"],
  ["POST", "/resource/api_keys", { algorithm: "HS256", ...CODE }],
  ["PATCH", "/resource/api_keys/61d025b8573501c2", { state: "active", ...CODE }],
  ["DELETE", "/resource/api_keys/61d025b8573501c2?totp_code=000000"],
];

/** What staff do about others. */
const STAFF: typeof OWN = [
  ["PUT", "/admin/users", { uid: UID, state: "banned" }],
  ["DELETE", `/admin/users/${UID}/sessions`],
  ["DELETE", `/admin/users/${UID}/sessions/1`],
  ["POST", "/admin/users/labels", { uid: UID, key: "phone", value: "verified", scope: "private" }],
  ["PUT", "/admin/users/labels", { uid: UID, key: "phone", value: "verified", scope: "private" }],
  ["DELETE", "/admin/users/labels", { uid: UID, key: "phone", scope: "private" }],
  ["POST", "/admin/permissions", { role: "*", verb: "ALL", path: "/", action: "accept" }],
  ["PUT", "/admin/permissions", { id: 1, role: "nobody" }],
  ["DELETE", "/admin/permissions", { id: 1 }],
];

describeEachDatabase("methods for people", (database) => {
  const app = startedApp(database);

  async function staffKey(): Promise<MemberKey> {
    const key = await keyOfMember(app);
    const account = { id: key.accountId };
    await app.database.transaction((tx) => app.rooms.accounts.setRole(account, "admin", tx));
    return key;
  }

  /** The token that the gateway gets for a request of the key. */
  async function tokenFor(key: MemberKey): Promise<string> {
    const target = "/api/v2/barong/resource/users/me";
    const passed = await rest(app, "GET", `/auth${target}`, { headers: signedByRequest(key, { target }) });
    expect(passed.status).toBe(200);
    return passed.headers.get("authorization") ?? "";
  }

  async function expectRefusedEach(key: MemberKey, calls: typeof OWN): Promise<void> {
    const authorization = await tokenFor(key);
    for (const [verb, path, json] of calls) {
      const body = json === undefined ? "" : JSON.stringify(json);
      const ways = [
        signedByNonce(key),
        signedByRequest(key, { verb, target: `/api/v2${path}`, body }),
        { authorization },
      ];
      for (const headers of ways) {
        const answer = await rest(app, verb, path, { headers, ...(json !== undefined && { json }) });
        expect([verb, path, answer.status, answer.body]).toEqual([
          ...[verb, path, REFUSED[0]],
          { errors: [REFUSED[1]] },
        ]);
      }
    }
  }

  test("of the own account refuse API keys, however signed, and the tokens that a gateway gets for them", async () => {
    const key = await keyOfMember(app);

    await expectRefusedEach(key, OWN);

    const { rows } = await app.rooms.apiKeys.list(key.accountId, { offset: 0, limit: 10 });
    expect(rows.map(({ kid, state }) => [kid, state])).toEqual([[key.kid, "active"]]);
  });

  test("of staff that change something refuse the keys of administrators, too, and those that read do not", async () => {
    const key = await staffKey();

    await expectRefusedEach(key, STAFF);

    const authorization = await tokenFor(key);
    for (const path of ["/admin/users", "/admin/permissions"])
      for (const headers of [signedByNonce(key), { authorization }])
        expect([path, (await rest(app, "GET", path, { headers })).status]).toEqual([path, 200]);
  });

  test("who has not the role is told that, and not what else is in the way", async () => {
    const key = await keyOfMember(app);

    const answer = await rest(app, "DELETE", `/admin/users/${UID}/sessions`, { headers: signedByNonce(key) });

    expectRefusal(answer, 401, "admin.access.denied");
  });

  test.each(rpcDoors)("refuse keys and their tokens over %s, and not people", async (door) => {
    const key = await keyOfMember(app);
    const cookie = await signIn(app, await activeMember(app));

    for (const headers of [signedByNonce(key), { authorization: await tokenFor(key) }]) {
      const sessions = rpcClient(app, door, SessionService, headers);
      expect(await reasonsOf(sessions.endOtherSessions({}))).toEqual([REFUSED[1]]);
      expect(await reasonsOf(sessions.listSessions({}))).toEqual([]);
    }
    const own = rpcClient(app, door, SessionService, { cookie });
    expect(await reasonsOf(own.endOtherSessions({}))).toEqual([]);
  });

  test("leave profiles, labels and documents to keys, and what only reads", async () => {
    const key = await keyOfMember(app);
    const authorization = await tokenFor(key);

    for (const headers of [signedByNonce(key), { authorization }]) {
      const json = { key: "authorization" in headers ? "bots" : "desk", value: "spot" };
      expect((await rest(app, "POST", "/resource/labels", { json, headers })).status).toBe(201);
      for (const path of ["/resource/users/me", "/resource/sessions", "/resource/documents"])
        expect([path, (await rest(app, "GET", path, { headers })).status]).toEqual([path, 200]);
      expect((await rest(app, "GET", "/resource/profiles/me", { headers })).status).toBe(404);
    }
  });
});
