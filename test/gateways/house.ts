import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect } from "vitest";
import { testDatabases } from "../support/databases.js";
import { type Nginx, startNginx } from "../support/nginx.js";
import { type PlainAnswer, type PlainRequest, send } from "../support/plain-http.js";
import { activeMember, post } from "../support/rest.js";
import { codeAt, enableSecondFactor, signInWithCode } from "../support/second-factor.js";
import type { SigningKey } from "../support/signing.js";
import { type Started, start } from "../support/start-app.js";
import { type Received, startUpstream, type Upstream } from "../support/upstream.js";

/** A server, a service, and nginx in front of both, for the tests of one `describe`. */
export interface House {
  readonly app: Started;
  readonly nginx: Nginx;
  /** Peatio and Ranger in one. */
  readonly upstream: Upstream;
  /** The server's time. */
  now(): Date;
  /** Moves it forward, since each one-time code is good once. */
  wait(seconds: number): void;
  /** Sends a request to nginx. */
  send(request: PlainRequest): Promise<PlainAnswer>;
  /** What the service has received while something was done. */
  receivedBy(doing: () => Promise<unknown>): Promise<readonly Received[]>;
}

export function houseBehind(program: string): House {
  const time = { ahead: 0 };
  const now = () => new Date(Date.now() + time.ahead);
  const parts: { app?: Awaited<ReturnType<typeof start>>; nginx?: Nginx; upstream?: Upstream } = {};
  beforeAll(async () => {
    const [database] = testDatabases();
    if (!database) throw new Error("there is no database to start on");
    parts.app = await start(database, { clock: now, environment: { TRUSTED_PROXIES: "127.0.0.1" } });
    parts.upstream = await startUpstream();
    const { port } = parts.upstream;
    parts.nginx = await startNginx(program, { barong: parts.app.httpPort, peatio: port, ranger: port });
  });
  afterAll(async () => {
    await parts.nginx?.close();
    await parts.upstream?.close();
    await parts.app?.stop();
  });
  const part = <Name extends keyof typeof parts>(name: Name): NonNullable<(typeof parts)[Name]> => {
    const found = parts[name];
    if (!found) throw new Error("everything is started by beforeAll");
    return found;
  };
  return {
    get app() {
      return part("app");
    },
    get nginx() {
      return part("nginx");
    },
    get upstream() {
      return part("upstream");
    },
    now,
    wait(seconds) {
      time.ahead += seconds * 1000;
    },
    send: (request) => send(part("nginx").port, request),
    async receivedBy(doing) {
      const { received } = part("upstream");
      const before = received.length;
      await doing();
      return received.slice(before);
    },
  };
}

/** An API key of a new account, which has switched its second factor on for it. */
export async function apiKeyOf(house: House, parameters: Readonly<Record<string, unknown>> = {}) {
  const { app } = house;
  const email = await activeMember(app);
  const seed = await enableSecondFactor(app, email, house.now());
  house.wait(30);
  const cookie = await signInWithCode(app, email, codeAt(seed, house.now()));
  house.wait(30);
  const totp_code = codeAt(seed, house.now());
  const created = await post(
    app,
    "/resource/api_keys",
    { algorithm: "HS256", totp_code, ...parameters },
    { cookie },
  );
  expect(created.status).toBe(201);
  return created.body as SigningKey;
}

/** The claims of the token in `Authorization`, which must be one that services accept. */
export async function claimsIn({ app, now }: House, authorization: string | undefined) {
  const [, token = ""] = /^Bearer (\S+)$/.exec(authorization ?? "") ?? [];
  const keys = createRemoteJWKSet(new URL(`${app.http}/api/v2/.well-known/jwks.json`));
  const expectations = { issuer: "barong", audience: "peatio", subject: "session" };
  return (await jwtVerify(token, keys, { ...expectations, currentDate: now() })).payload;
}

/** Asserts a refusal: its status, its one code, and that it is JSON. */
export function expectRefusal({ status, headers, body }: PlainAnswer, wanted: number, code: string): void {
  expect({ status, type: headers.get("content-type"), body }).toEqual({
    status: wanted,
    type: expect.stringMatching(/^application\/json\b/),
    body: { errors: [code] },
  });
}
