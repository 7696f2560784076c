import { expect, test } from "vitest";
import { ApiKeyState } from "../../../gen/barong/entities/v1/api_key_pb.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { ApiKeyService } from "../../../gen/barong/resource/v1/api_key_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { dump } from "../../support/dump.js";
import { type Answer, activeMember, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { codeAt, enableSecondFactor, signInWithCode, wrongCode } from "../../support/second-factor.js";
import { freshNonce, signedByRequest } from "../../support/signing.js";
import { startedApp } from "../../support/start-app.js";

const KEYS = "/resource/api_keys";
const ENTITY = ["kid", "algorithm", "scope", "state", "created_at", "updated_at", "allowed_ips"];

interface Owner {
  readonly id: number;
  readonly email: string;
  readonly seed: string;
  readonly cookie: string;
}

interface Key {
  readonly kid: string;
  readonly secret: string;
  readonly scope: readonly string[];
  readonly state: string;
  readonly updated_at: string;
  readonly allowed_ips: readonly string[];
  readonly expires_at?: string;
  readonly last_used_at?: string;
}

describeEachDatabase("API keys", (database) => {
  const now = { moment: new Date() };
  const app = startedApp(database, { clock: () => now.moment });

  /** The code of a time step that has not been used yet. */
  const freshCode = ({ seed }: Pick<Owner, "seed">): string => {
    now.moment = secondsAfter(now.moment, 30);
    return codeAt(seed, now.moment);
  };

  async function owner(): Promise<Owner> {
    const email = await activeMember(app);
    const seed = await enableSecondFactor(app, email, now.moment);
    const cookie = await signInWithCode(app, email, freshCode({ seed }));
    const account = await app.rooms.accounts.byEmail(email);
    return { id: account?.id ?? 0, email, seed, cookie };
  }

  type Parameters = Readonly<Record<string, unknown>>;

  const ask = (who: Pick<Owner, "cookie">, call: string, parameters: Parameters): Promise<Answer> => {
    const [verb = "", path = ""] = call.split(" ");
    const headers = { cookie: who.cookie };
    if (verb !== "GET" && verb !== "DELETE") return rest(app, verb, path, { json: parameters, headers });
    const query = new URLSearchParams(
      Object.entries(parameters).map(([name, value]): [string, string] => [name, `${value}`]),
    );
    return rest(app, verb, `${path}?${query}`, { headers });
  };
  const askWithCode = (who: Owner, call: string, parameters: Parameters = {}) =>
    ask(who, call, { ...parameters, totp_code: freshCode(who) });

  async function create(who: Owner, parameters: Parameters = {}): Promise<Key> {
    const { status, body } = await askWithCode(who, `POST ${KEYS}`, { algorithm: "HS256", ...parameters });
    expect(status).toBe(201);
    return body as Key;
  }

  async function list(who: Owner, parameters: Parameters = {}): Promise<readonly Key[]> {
    const { status, body } = await askWithCode(who, `GET ${KEYS}`, parameters);
    expect(status).toBe(200);
    return body as readonly Key[];
  }

  const calls = [`GET ${KEYS}`, `POST ${KEYS}`, `PATCH ${KEYS}/0011223344556677`, `DELETE ${KEYS}/00`];

  test("a key is created active, under a name and with a secret of the server's", async () => {
    const dana = await owner();

    const answer = await askWithCode(dana, `POST ${KEYS}`, {
      algorithm: "HS256",
      kid: "chosen",
      scope: "trade, sell ,trade",
    });

    expect(answer.status).toBe(201);
    expect(Object.keys(answer.body as Key)).toEqual([...ENTITY.slice(0, 4), "secret", ...ENTITY.slice(4)]);
    const moment = `${now.moment.toISOString().slice(0, 19)}Z`;
    expect(answer.body).toEqual({
      kid: expect.stringMatching(/^[0-9a-f]{16}$/),
      algorithm: "HS256",
      scope: ["trade", "sell"],
      state: "active",
      secret: expect.stringMatching(/^[0-9a-f]{32}$/),
      created_at: moment,
      updated_at: moment,
      allowed_ips: [],
    });
  });

  test("a secret is told once, and cannot be read in the database", async () => {
    const dana = await owner();
    const { kid, secret } = await create(dana);

    const [listed] = await list(dana);
    const { body: changed } = await askWithCode(dana, `PATCH ${KEYS}/${kid}`, { state: "inactive" });

    expect(Object.keys(listed ?? {})).toEqual(ENTITY);
    expect(Object.keys(changed as Key)).toEqual(ENTITY);
    const content = await dump(app);
    expect(content).toContain(kid);
    expect(content).not.toContain(secret);
  });

  test("without two-factor authentication no method is open, whatever is sent", async () => {
    const cookie = await signIn(app, await activeMember(app));

    for (const call of calls) {
      expectRefusal(await ask({ cookie }, call, {}), 400, "resource.api_key.2fa_disabled");
      const refused = await ask({ cookie }, call, { totp_code: "123456", scope: "" });
      expectRefusal(refused, 400, "resource.api_key.2fa_disabled");
    }
  });

  test("every method needs a right code that was not used before", async () => {
    const dana = await owner();
    const used = freshCode(dana);
    expect((await ask(dana, `GET ${KEYS}`, { totp_code: used })).status).toBe(200);

    for (const call of calls) {
      // Forgives the wrong codes of the round before.
      await list(dana);
      expectRefusal(await ask(dana, call, {}), 400, "resource.api_key.missing_totp");
      expectRefusal(await ask(dana, call, { totp_code: " " }), 400, "resource.api_key.missing_totp");
      const given = { algorithm: "HS256" };
      const wrong = { ...given, totp_code: wrongCode(dana.seed, now.moment) };
      expectRefusal(await ask(dana, call, wrong), 422, "resource.api_key.invalid_totp");
      const reused = { ...given, totp_code: codeAt(dana.seed, now.moment) };
      expectRefusal(await ask(dana, call, reused), 422, "totp.error");
    }
    expect(await list(dana)).toEqual([]);
  });

  test("of parallel requests with one code one creates a key", async () => {
    const dana = await owner();
    const parameters = { algorithm: "HS256", totp_code: freshCode(dana) };

    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(dana, `POST ${KEYS}`, parameters)));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expectRefusal(answer, 422, "totp.error");
    expect(await list(dana)).toHaveLength(1);
  });

  test("what is wrong with a key is told, and the code stays good", async () => {
    const dana = await owner();
    const totp_code = freshCode(dana);
    const attempt = (parameters: Parameters) => ask(dana, `POST ${KEYS}`, { totp_code, ...parameters });

    expectRefusal(
      await attempt({}),
      400,
      "resource.apikey.missing_algorithm",
      "resource.apikey.empty_algorithm",
    );
    expectRefusal(await attempt({ algorithm: "kek" }), 422, "algorithm.inclusion");
    expectRefusal(
      await attempt({ algorithm: "", kid: "", scope: " " }),
      400,
      "resource.apikey.empty_algorithm",
      "resource.apikey.empty_kid",
      "resource.apikey.empty_scope",
    );
    for (const scope of ["a b", "a,,b", "é", "a,", "x".repeat(1025), ["a"]]) {
      const refused = await attempt({ algorithm: "HS256", scope });
      expectRefusal(refused, 422, "resource.apikey.invalid_scope");
    }
    expect((await attempt({ algorithm: "HS256" })).status).toBe(201);
  });

  test("the longest scope that is allowed is kept", async () => {
    const dana = await owner();
    const words = Array.from({ length: 342 }, (_, number) => number.toString(36).padStart(2, "0"));
    const scope = words.join(",").slice(0, 1024);
    const kept = scope.split(",");

    expect((await create(dana, { scope })).scope).toEqual(kept);
    expect((await create(dana, { scope: "a,".repeat(511).concat("a") })).scope).toEqual(["a"]);
    expect((await list(dana)).map((key) => key.scope)).toEqual([kept, ["a"]]);
  });

  test("a change leaves what it does not name", async () => {
    const dana = await owner();
    const { kid } = await create(dana, { scope: "trade" });
    const change = (parameters: Parameters) => askWithCode(dana, `PATCH ${KEYS}/${kid}`, parameters);

    for (const state of ["inactive", "disabled", "active", "inactive"]) {
      const changed = await change({ state });
      expect(changed).toMatchObject({ status: 200, body: { kid, state, scope: ["trade"] } });
    }
    const changed = await change({ scope: "sell,buy" });
    expect(changed).toMatchObject({ status: 200, body: { kid, state: "inactive", scope: ["sell", "buy"] } });
    expect((changed.body as Key).updated_at).toBe(`${now.moment.toISOString().slice(0, 19)}Z`);
    expect(await change({})).toMatchObject({
      status: 200,
      body: { state: "inactive", scope: ["sell", "buy"] },
    });
    expect(await list(dana)).toMatchObject([{ kid, state: "inactive", scope: ["sell", "buy"] }]);
  });

  test("what cannot be a scope or a state is told", async () => {
    const dana = await owner();
    const { kid } = await create(dana, { scope: "trade" });
    const totp_code = freshCode(dana);
    const change = (parameters: Parameters) =>
      ask(dana, `PATCH ${KEYS}/${kid}`, { totp_code, ...parameters });

    expectRefusal(
      await change({ scope: "", state: "" }),
      400,
      "resource.apikey.empty_scope",
      "resource.apikey.empty_state",
    );
    for (const state of ["banned", "ACTIVE!", 7])
      expectRefusal(await change({ state }), 422, "resource.apikey.invalid_state");
    expect(await list(dana)).toMatchObject([{ kid, state: "active", scope: ["trade"] }]);
  });

  test("a key can be bound to addresses and to a time, at once or later", async () => {
    const dana = await owner();
    const inAYear = `${now.moment.getUTCFullYear() + 1}-01-02T03:04:05Z`;
    const bounds = { allowed_ips: " 203.0.113.7, 2001:DB8::/32,203.0.113.7", expires_at: inAYear };
    const bound = { allowed_ips: ["203.0.113.7", "2001:db8::/32"], expires_at: inAYear };

    const created = await create(dana, bounds);
    expect(Object.keys(created)).toEqual([
      ...ENTITY.slice(0, 4),
      ...["secret", "created_at", "updated_at", "allowed_ips", "expires_at"],
    ]);
    expect(created).toMatchObject(bound);
    const free = await create(dana, { allowed_ips: "", expires_at: "" });
    expect(free.allowed_ips).toEqual([]);
    expect(free).not.toHaveProperty("expires_at");
    const change = async (parameters: Parameters) => {
      const { status, body } = await askWithCode(dana, `PATCH ${KEYS}/${free.kid}`, parameters);
      expect(status).toBe(200);
      return body;
    };
    expect(await change(bounds)).toMatchObject(bound);
    expect(await change({ scope: "trade", expires_at: "" })).toMatchObject(bound);
    expect(await change({ allowed_ips: " " })).toMatchObject({ allowed_ips: [], expires_at: inAYear });

    expect(await list(dana)).toMatchObject([bound, { allowed_ips: [], expires_at: inAYear }]);
  });

  test("bounds that cannot be are told", async () => {
    const dana = await owner();
    const { kid } = await create(dana, { allowed_ips: "203.0.113.7" });
    const many = Array.from({ length: 51 }, (_, number) => `10.0.0.${number}`).join();

    for (const [name, value] of [
      ["allowed_ips", "localhost"],
      ["allowed_ips", "203.0.113.7,,198.51.100.1"],
      ["allowed_ips", "203.0.113.7/33"],
      ["allowed_ips", many],
      ["allowed_ips", "2001:db8::1,".repeat(200)],
      ["allowed_ips", ["203.0.113.7"]],
      ["expires_at", "2020-01-01T00:00:00Z"],
      ["expires_at", "tomorrow"],
      ["expires_at", "10000-01-01T00:00:00Z"],
    ] as const) {
      const wrong = { [name]: value };
      const refusals = [
        await askWithCode(dana, `POST ${KEYS}`, { algorithm: "HS256", ...wrong }),
        await askWithCode(dana, `PATCH ${KEYS}/${kid}`, wrong),
      ];
      for (const refusal of refusals) expectRefusal(refusal, 422, `resource.apikey.invalid_${name}`);
    }
    expect(await list(dana)).toMatchObject([{ kid, allowed_ips: ["203.0.113.7"] }]);
  });

  test("the list says when a key was last used", async () => {
    const dana = await owner();
    const key = await create(dana);
    const signed = signedByRequest(key, { nonce: freshNonce(now.moment) });

    const proved = await app.rooms.keyProof.prove({
      ...{ apikey: key.kid, nonce: signed["x-auth-nonce"], signature: signed["x-auth-signature"] },
      ...{ bodyHash: signed["x-auth-content-sha256"] ?? null, verb: "GET", target: "/", ip: "203.0.113.7" },
    });
    await proved.useUp();
    await app.rooms.keyProof.settled();

    const used = `${now.moment.toISOString().slice(0, 19)}Z`;
    expect(await list(dana)).toMatchObject([{ kid: key.kid, last_used_at: used }]);
  });

  test("a deleted key is gone", async () => {
    const dana = await owner();
    const { kid } = await create(dana);
    const kept = await create(dana);

    expect(await askWithCode(dana, `DELETE ${KEYS}/${kid}`)).toMatchObject({ status: 204, body: "" });

    expect(await list(dana)).toMatchObject([{ kid: kept.kid }]);
    expectRefusal(await askWithCode(dana, `DELETE ${KEYS}/${kid}`), 404, "record.not_found");
  });

  test("a key of somebody else is not found, and stays as it is", async () => {
    const [dana, eve] = [await owner(), await owner()];
    const { kid } = await create(dana, { scope: "trade" });

    const change = { state: "disabled", scope: "all" };
    expectRefusal(await askWithCode(eve, `PATCH ${KEYS}/${kid}`, change), 404, "record.not_found");
    expectRefusal(await askWithCode(eve, `DELETE ${KEYS}/${kid}`), 404, "record.not_found");

    expect(await list(eve)).toEqual([]);
    expect(await list(dana)).toMatchObject([{ kid, state: "active", scope: ["trade"] }]);
  });

  test("keys are listed oldest first, a page at a time", async () => {
    const dana = await owner();
    const kids: string[] = [];
    for (let made = 0; made < 3; made += 1) kids.push((await create(dana)).kid);
    const page = async (parameters: Parameters) => {
      const { status, headers, body } = await askWithCode(dana, `GET ${KEYS}`, parameters);
      const told = ["total", "page", "per-page"].map((name) => headers.get(name));
      return { status, told, kids: (body as readonly Key[]).map(({ kid }) => kid) };
    };

    expect(await page({})).toEqual({ status: 200, told: ["3", "1", "100"], kids });
    const second = { page: 2, limit: 2 };
    expect(await page(second)).toEqual({ status: 200, told: ["3", "2", "2"], kids: kids.slice(2) });
    const beyond = { page: 2147483647, limit: 1000 };
    expect(await page(beyond)).toEqual({ status: 200, told: ["3", "2147483647", "1000"], kids: [] });
  });

  test("a page that cannot be is told", async () => {
    const dana = await owner();

    for (const [name, value] of [
      ["page", 0],
      ["page", "x"],
      ["limit", 0],
      ["limit", 1001],
    ] as const) {
      const refused = await askWithCode(dana, `GET ${KEYS}`, { [name]: value });
      expectRefusal(refused, 422, `resource.apikey.invalid_${name}`);
    }
  });

  test("an account has at most a hundred keys, also when they come at once", async () => {
    const dana = await owner();
    const key = { algorithm: "HS256", scope: [] };
    for (let made = 0; made < 97; made += 1) await app.rooms.apiKeys.create(dana.id, key);

    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => app.rooms.apiKeys.create(dana.id, key)),
    );

    const refused = attempts.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(5);
    for (const refusal of refused)
      expect(refusal).toMatchObject({ reason: { reasons: [ErrorReason.API_KEY_LIMIT_REACHED] } });
    const one = await askWithCode(dana, `POST ${KEYS}`, { algorithm: "HS256" });
    expectRefusal(one, 400, "resource.api_key.limit_reached");
    const [oldest] = await list(dana, { limit: 1 });
    await askWithCode(dana, `DELETE ${KEYS}/${oldest?.kid}`);
    await create(dana);
  });

  test("nobody calls without an active account, nor a page of another origin that would change something", async () => {
    const dana = await owner();

    for (const call of calls) {
      expectRefusal(await ask({ cookie: "" }, call, {}), 401, "jwt.decode_and_verify");
    }
    const headers = { cookie: dana.cookie, origin: "https://evil.example" };
    expectRefusal(await post(app, KEYS, { algorithm: "HS256" }, headers), 403, "authz.origin_refused");
    await app.database.transaction((tx) => app.rooms.accounts.setState(dana, "banned", tx));
    expectRefusal(await askWithCode(dana, `GET ${KEYS}`), 401, "authz.user_not_active");
  });

  test.each(rpcDoors)("can be kept over %s", async (door) => {
    const dana = await owner();
    const keys = rpcClient(app, door, ApiKeyService, { cookie: dana.cookie });
    const algorithm = "HS256";

    expect(await reasonsOf(keys.listApiKeys({}))).toEqual(["resource.api_key.missing_totp"]);
    const { apiKey } = await keys.createApiKey({ algorithm, scope: "trade", totpCode: freshCode(dana) });
    const kid = apiKey?.kid ?? "";
    expect(apiKey).toMatchObject({ scope: ["trade"], state: ApiKeyState.ACTIVE });
    expect(apiKey?.secret).toMatch(/^[0-9a-f]{32}$/);
    const state = ApiKeyState.INACTIVE;
    await keys.updateApiKey({ kid, state, totpCode: freshCode(dana) });
    const listed = await keys.listApiKeys({ totpCode: freshCode(dana) });
    expect(listed).toMatchObject({ total: 1n, apiKeys: [{ kid, state, scope: ["trade"] }] });
    expect(listed.apiKeys[0]?.secret).toBeUndefined();
    await keys.deleteApiKey({ kid, totpCode: freshCode(dana) });
    const gone = keys.deleteApiKey({ kid, totpCode: freshCode(dana) });
    expect(await reasonsOf(gone)).toEqual(["record.not_found"]);
  });
});
