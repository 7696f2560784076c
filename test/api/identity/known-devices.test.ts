import { expect, test } from "vitest";
import { SessionService } from "../../../gen/barong/identity/v1/session_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import {
  type Answer,
  activeMember,
  bearerFor,
  cookieOf,
  expectRefusal,
  post,
  rest,
} from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { codeAt, enableSecondFactor, wrongCode } from "../../support/second-factor.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const SESSIONS = "/identity/sessions";
const VERIFY = "/resource/otp/verify";
const WRONG = "Fai5aesoLEcx";
const NEW_PASSWORD = "Gol4aid2";
const YEAR_SECONDS = 365 * 24 * 3600;
const HOME = "198.51.100.1";

interface Owner {
  readonly email: string;
  /** None without a second factor. */
  readonly seed: string | undefined;
}

describeEachDatabase("known devices", (database) => {
  const now = { moment: new Date() };
  const app = startedApp(database, {
    clock: () => now.moment,
    environment: { TRUSTED_PROXIES: "127.0.0.1" },
  });

  const wait = (seconds: number) => {
    now.moment = secondsAfter(now.moment, seconds);
  };
  const freshCode = (seed: string): string => {
    wait(30);
    return codeAt(seed, now.moment);
  };

  interface Try {
    readonly password?: string;
    readonly otp_code?: string;
    readonly device?: string;
    readonly ip?: string;
  }

  /** From an address where nobody has signed in before, unless another is given. */
  const attempt = (email: string, { device, ip = "192.0.2.9", ...credentials }: Try = {}): Promise<Answer> =>
    post(
      app,
      SESSIONS,
      { email, password: PASSWORD, ...credentials },
      { "x-forwarded-for": ip, ...(device !== undefined && { cookie: device }) },
    );

  const rightly = ({ email, seed }: Owner, how: Try = {}): Promise<Answer> =>
    attempt(email, { ...(seed !== undefined && { otp_code: freshCode(seed) }), ...how });

  const wrongly = ({ email, seed }: Owner, how: Try = {}): Promise<Answer> =>
    attempt(email, { otp_code: wrongCode(seed ?? "", now.moment), ...how });

  /** The cookie of the device, as a browser sends it. */
  function deviceOf({ headers }: Pick<Answer, "headers">): string {
    const line = headers.getSetCookie().find((one) => one.startsWith("_barong_device="));
    return line?.split(";")[0] ?? "";
  }

  const member = async (): Promise<Owner> => ({ email: await activeMember(app), seed: undefined });

  async function guardedMember(): Promise<Owner & { readonly seed: string }> {
    const email = await activeMember(app);
    return { email, seed: await enableSecondFactor(app, email, now.moment) };
  }

  async function signedIn(
    owner: Owner,
    how: Try = { ip: HOME },
  ): Promise<{ device: string; cookie: string }> {
    const answer = await rightly(owner, how);
    expect(answer.status).toBe(201);
    return { device: deviceOf(answer), cookie: cookieOf(answer) };
  }

  const deviceFor = async (owner: Owner): Promise<string> => (await signedIn(owner)).device;

  /** Uses up what strangers may guess at codes. */
  async function closeToCodesOfStrangers(owner: Owner): Promise<void> {
    for (let tried = 0; tried < 10; tried += 1) expect((await wrongly(owner)).status).toBe(403);
    expectRefusal(await rightly(owner), 429, "server.too_many_requests");
  }

  /** Uses up what strangers may guess at passwords. */
  async function closeToPasswordsOfStrangers({ email }: Owner): Promise<void> {
    for (let guess = 0; guess < 100; guess += 1)
      expect((await attempt(email, { password: WRONG, ip: `203.0.113.${guess % 5}` })).status).toBe(401);
    expectRefusal(await attempt(email), 429, "server.too_many_requests");
  }

  const verify = (headers: Readonly<Record<string, string>>, code: string) =>
    post(app, VERIFY, { code }, headers);

  test("a stranger who has the password and guesses at codes does not keep the owner's device out", async () => {
    const dana = await guardedMember();
    const device = await deviceFor(dana);

    await closeToCodesOfStrangers(dana);

    expect((await rightly(dana, { device })).status).toBe(201);
    // The owner's success gives the stranger nothing.
    expectRefusal(await rightly(dana), 429, "server.too_many_requests");
  });

  test("a stranger who guesses at passwords does not keep the owner's device out, wherever it is", async () => {
    const dana = await member();
    const device = await deviceFor(dana);

    await closeToPasswordsOfStrangers(dana);

    expect((await rightly(dana, { device })).status).toBe(201);
    // Nor does one who guesses in the same network.
    for (let guess = 0; guess < 30; guess += 1)
      await attempt(dana.email, { password: WRONG, ip: "192.0.2.7" });
    expectRefusal(await attempt(dana.email, { ip: "192.0.2.7" }), 429, "server.too_many_requests");
    expect((await rightly(dana, { device, ip: "192.0.2.7" })).status).toBe(201);
  });

  test.each(rpcDoors)("a device is known over %s as well", async (door) => {
    const dana = await guardedMember();
    const sessions = (headers: Record<string, string>) => rpcClient(app, door, SessionService, headers);
    const { email } = dana;
    const lines: string[] = [];
    const onHeader = (header: Headers) => void lines.push(...header.getSetCookie());
    const credentials = { email, password: PASSWORD };
    await sessions({}).createSession({ ...credentials, otpCode: freshCode(dana.seed) }, { onHeader });
    const [session = "", device = "", ...others] = lines.map((line) => line.split(";")[0] ?? "");
    expect([session.split("=")[0], device.split("=")[0], others]).toEqual([
      "_barong_session",
      "_barong_device",
      [],
    ]);

    await closeToCodesOfStrangers(dana);

    const from = (cookie: string) =>
      sessions({ cookie }).createSession({ ...credentials, otpCode: freshCode(dana.seed) });
    expect(await reasonsOf(from("other=1"))).toEqual(["server.too_many_requests"]);
    expect(await reasonsOf(from(device))).toEqual([]);
  });

  test("a device that is forged, or another account's, counts as unknown", async () => {
    const [dana, eve] = [await guardedMember(), await guardedMember()];
    const [device, hers] = [await deviceFor(dana), await deviceFor(eve)];
    await closeToCodesOfStrangers(dana);

    const [, id = "", issuedAt = "", factors = "", signature = ""] =
      /^_barong_device=(\w+)-(\d+)-(\d)-(\w+)$/.exec(device) ?? [];
    expect(signature).toHaveLength(64);
    const changed = (text: string) => `${text.startsWith("0") ? "1" : "0"}${text.slice(1)}`;
    const forged = [
      ...["", "x", ".", `${id}-${issuedAt}-${factors}-`, `${id}-0-${factors}-${signature}`],
      `${changed(id)}-${issuedAt}-${factors}-${signature}`,
      `${id}-${Number(issuedAt) + 1}-${factors}-${signature}`,
      `${id}-${issuedAt}-1-${signature}`,
      `${id}-${issuedAt}-${factors}-${changed(signature)}`,
    ].map((value) => `_barong_device=${value}`);

    for (const cookie of [...forged, hers])
      expectRefusal(await rightly(dana, { device: cookie }), 429, "server.too_many_requests");
    expect((await rightly(dana, { device })).status).toBe(201);
  });

  test("guesses at codes in a known device end too, and a right one starts afresh", async () => {
    const dana = await guardedMember();
    const device = await deviceFor(dana);
    await closeToCodesOfStrangers(dana);

    for (let round = 0; round < 2; round += 1) {
      for (let tried = 0; tried < 9; tried += 1) expect((await wrongly(dana, { device })).status).toBe(403);
      expect((await rightly(dana, { device })).status).toBe(201);
    }
    for (let tried = 0; tried < 10; tried += 1) expect((await wrongly(dana, { device })).status).toBe(403);
    expectRefusal(await rightly(dana, { device }), 429, "server.too_many_requests");
    wait(900);
    expect((await rightly(dana, { device })).status).toBe(201);
  });

  test("guesses at passwords in a known device end too, after those that strangers have left", async () => {
    const dana = await member();
    const device = await deviceFor(dana);

    for (let guess = 0; guess < 40; guess += 1)
      expect((await attempt(dana.email, { password: WRONG, device })).status).toBe(401);

    expectRefusal(await rightly(dana, { device }), 429, "server.too_many_requests");
  });

  test("the devices of an account share a ceiling of guesses at codes", async () => {
    const dana = await guardedMember();
    const devices: string[] = [];
    for (let made = 0; made < 6; made += 1) devices.push(await deviceFor(dana));
    await closeToCodesOfStrangers(dana);

    for (const device of devices.slice(0, 5))
      for (let tried = 0; tried < 10; tried += 1) expect((await wrongly(dana, { device })).status).toBe(403);

    expectRefusal(await rightly(dana, { device: devices[5] ?? "" }), 429, "server.too_many_requests");
  });

  test("a sign-in with the password alone makes no device known for codes", async () => {
    const dana = await member();
    const device = await deviceFor(dana);
    const guarded = { ...dana, seed: await enableSecondFactor(app, dana.email, now.moment) };

    await closeToCodesOfStrangers(guarded);
    expectRefusal(await rightly(guarded, { device }), 429, "server.too_many_requests");
    wait(900);
    const known = (await signedIn(guarded, { device })).device;
    await closeToCodesOfStrangers(guarded);

    expect((await rightly(guarded, { device: known })).status).toBe(201);
  });

  test("a refused sign-in makes no device known", async () => {
    const dana = await guardedMember();

    for (const refused of [
      await wrongly(dana),
      await attempt(dana.email),
      await attempt(dana.email, { password: WRONG }),
    ])
      expect(refused.headers.getSetCookie()).toEqual([]);
  });

  test("a device outlives signing out and a new password, and is over after a year without a sign-in", async () => {
    const dana = await guardedMember();
    const { device, cookie } = await signedIn(dana);
    const changed = await rest(app, "PUT", "/resource/users/password", {
      json: { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD },
      headers: { cookie },
    });
    const out = await rest(app, "DELETE", SESSIONS, { headers: { cookie: cookieOf(changed) } });
    expect(out.headers.getSetCookie()).toEqual([expect.stringMatching(/^_barong_session=;/)]);
    const password = NEW_PASSWORD;
    const close = async () => {
      for (let tried = 0; tried < 10; tried += 1) await wrongly(dana, { password });
      expectRefusal(await rightly(dana, { password }), 429, "server.too_many_requests");
    };

    await close();
    wait(YEAR_SECONDS - 3600);
    await close();
    const renewed = await signedIn(dana, { password, device });
    wait(7200);
    await close();
    expectRefusal(await rightly(dana, { password, device }), 429, "server.too_many_requests");
    expect((await rightly(dana, { password, device: renewed.device })).status).toBe(201);
  });

  test("one browser is known to several accounts, and keeps its count when it signs in again", async () => {
    const [dana, eve] = [await guardedMember(), await guardedMember()];
    const first = await deviceFor(dana);
    const both = (await signedIn(eve, { device: first })).device;
    await closeToCodesOfStrangers(dana);
    await closeToCodesOfStrangers(eve);

    const again = (await signedIn(dana, { device: both })).device;
    expect((await rightly(eve, { device: again })).status).toBe(201);
    expect(again.length).toBe(both.length);
    for (let tried = 0; tried < 10; tried += 1)
      expect((await wrongly(dana, { device: again })).status).toBe(403);
    for (const device of [first, both, again])
      expectRefusal(await rightly(dana, { device }), 429, "server.too_many_requests");
  });

  test("a stranger's guesses at sign-in do not close a session to codes, nor one session another, nor a session sign-in", async () => {
    const dana = await guardedMember();
    const [one, other] = [await signedIn(dana), await signedIn(dana)];
    await closeToCodesOfStrangers(dana);
    expect((await verify({ cookie: one.cookie }, freshCode(dana.seed))).status).toBe(201);

    wait(900);
    for (let tried = 0; tried < 10; tried += 1)
      expect((await verify({ cookie: one.cookie }, wrongCode(dana.seed, now.moment))).status).toBe(422);
    const stopped = await verify({ cookie: one.cookie }, freshCode(dana.seed));
    expectRefusal(stopped, 429, "server.too_many_requests");

    expect((await verify({ cookie: other.cookie }, freshCode(dana.seed))).status).toBe(201);
    expect((await rightly(dana)).status).toBe(201);
  });

  test("guesses with a bearer token end too", async () => {
    const dana = await guardedMember();
    const { cookie } = await signedIn(dana);
    const authorization = await bearerFor(app, cookie);

    for (let tried = 0; tried < 10; tried += 1)
      expect((await verify({ authorization }, wrongCode(dana.seed, now.moment))).status).toBe(422);

    const stopped = await verify({ authorization }, freshCode(dana.seed));
    expectRefusal(stopped, 429, "server.too_many_requests");
  });
});
