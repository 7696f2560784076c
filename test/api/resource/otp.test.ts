import { setTimeout as pause } from "node:timers/promises";
import { toBuffer } from "qrcode";
import { expect, test } from "vitest";
import { OtpService } from "../../../gen/barong/resource/v1/otp_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { dump } from "../../support/dump.js";
import { activeMember, bearerFor, cookieOf, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import {
  codeAt,
  enableSecondFactor,
  requestSeed,
  signInWithCode,
  wrongCode,
} from "../../support/second-factor.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const QR_CODE = "/resource/otp/generate_qrcode";
const ENABLE = "/resource/otp/enable";
const VERIFY = "/resource/otp/verify";
const PNG_SIGNATURE = "89504e470d0a1a0a";

interface Member {
  readonly email: string;
  readonly cookie: string;
}

interface Guarded extends Member {
  readonly seed: string;
}

describeEachDatabase("two-factor authentication", (database) => {
  const now = { moment: new Date() };
  const app = startedApp(database, { clock: () => now.moment });

  const wait = (seconds: number) => {
    now.moment = secondsAfter(now.moment, seconds);
  };
  const currentCode = (seed: string): string => codeAt(seed, now.moment);
  const wrong = (seed: string): string => wrongCode(seed, now.moment);
  /** The code of a time step that has not been used yet. */
  const freshCode = (seed: string): string => {
    wait(30);
    return currentCode(seed);
  };

  async function member(): Promise<Member> {
    const email = await activeMember(app);
    return { email, cookie: await signIn(app, email) };
  }

  async function guardedMember(): Promise<Guarded> {
    const email = await activeMember(app);
    const seed = await enableSecondFactor(app, email, now.moment);
    return { email, seed, cookie: await signInWithCode(app, email, freshCode(seed)) };
  }

  async function idOf(email: string): Promise<number> {
    const account = await app.rooms.accounts.byEmail(email);
    if (!account) throw new Error(`there is no account ${email}`);
    return account.id;
  }

  const isOn = async (email: string) => (await app.rooms.accounts.byEmail(email))?.otp;
  const log = async (email: string) =>
    (await app.rooms.activities.latest(await idOf(email), 20))
      .filter(({ topic }) => topic === "otp")
      .map(({ action, result, data }) => [action, result, data])
      .reverse();

  const enrol = ({ cookie }: Member) => rest(app, "POST", QR_CODE, { headers: { cookie } });
  const seedFor = ({ cookie }: Member) => requestSeed(app, { cookie });
  const enable = ({ cookie }: Member, code?: unknown) => post(app, ENABLE, { code }, { cookie });
  const verify = ({ cookie }: Member, code?: unknown) => post(app, VERIFY, { code }, { cookie });
  const attempt = ({ email }: Member, otp_code?: string) =>
    post(app, "/identity/sessions", { email, password: PASSWORD, otp_code });

  test("an enrolment answers an address and its picture", async () => {
    const dana = await member();

    const { status, body } = await enrol(dana);

    expect(status).toBe(201);
    expect(body).toEqual({ data: { barcode: expect.any(String), url: expect.any(String) } });
    const { barcode, url } = (body as { data: { barcode: string; url: string } }).data;
    const query = "algorithm=SHA1&digits=6&issuer=Barong&period=30&secret=";
    const start = `otpauth://totp/Barong:${dana.email}?${query}`;
    expect(url.slice(0, start.length)).toBe(start);
    expect(url.slice(start.length)).toMatch(/^[A-Z2-7]{32}$/);
    const picture = Buffer.from(barcode, "base64");
    expect(picture.subarray(0, 8).toString("hex")).toBe(PNG_SIGNATURE);
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([300, 300]);
    expect(picture).toEqual(await toBuffer(url, { width: 300, errorCorrectionLevel: "M" }));
    expect(picture.toString("base64")).toBe(barcode);
  });

  test("the longest address fits into a picture", async () => {
    const email = await activeMember(app, `${"ａ".repeat(64)}@${"例".repeat(190)}`);

    const seed = await enableSecondFactor(app, email, now.moment);

    await signInWithCode(app, email, freshCode(seed));
  });

  test("a code of the seed switches it on, ends the sessions but for this one, and sign-in asks for a code from then on", async () => {
    const dana = await member();
    const seed = await seedFor(dana);

    const enabled = await enable(dana, currentCode(seed));

    expect(enabled).toMatchObject({ status: 201, body: 201 });
    const me = await rest(app, "GET", "/resource/users/me", { headers: { cookie: dana.cookie } });
    expectRefusal(me, 401, "authz.invalid_session");
    const goesOn = { cookie: cookieOf(enabled) };
    expect((await rest(app, "GET", "/resource/users/me", { headers: goesOn })).body).toMatchObject({
      otp: true,
    });
    expectRefusal(await attempt(dana), 403, "identity.session.missing_otp");
    expectRefusal(await attempt(dana, ""), 403, "identity.session.missing_otp");
    expectRefusal(await attempt(dana, wrong(seed)), 403, "identity.session.invalid_otp");
    expect(await attempt(dana, freshCode(seed))).toMatchObject({ status: 201, body: { otp: true } });
    expect(await log(dana.email)).toEqual([
      ["request QR code for 2FA", "succeed", null],
      ["enable 2FA", "succeed", null],
    ]);
  });

  test("behind a gateway the session of the cookie beside the bearer token goes on", async () => {
    const dana = await member();
    const code = currentCode(await seedFor(dana));
    const authorization = await bearerFor(app, dana.cookie);

    const enabled = await post(app, ENABLE, { code }, { authorization, cookie: dana.cookie });

    const asking = (cookie: string) => rest(app, "GET", "/resource/users/me", { headers: { cookie } });
    expectRefusal(await asking(dana.cookie), 401, "authz.invalid_session");
    expect((await asking(cookieOf(enabled))).body).toMatchObject({ otp: true });
  });

  test("without a seed, and with a wrong code, nothing is switched on", async () => {
    const dana = await member();

    expectRefusal(await enable(dana, "123456"), 422, "resource.otp.invalid");
    const seed = await seedFor(dana);
    const refused = await enable(dana, wrong(seed));
    expectRefusal(refused, 422, "resource.otp.invalid");

    expect(refused.headers.getSetCookie()).toEqual([]);
    expect(await isOn(dana.email)).toBe(false);
    const reason = '{"reason":"OTP code is invalid"}';
    expect(await log(dana.email)).toEqual([
      ["enable 2FA", "failed", reason],
      ["request QR code for 2FA", "succeed", null],
      ["enable 2FA", "failed", reason],
    ]);
  });

  test("a code that is missing, blank, too long or no text is told", async () => {
    const dana = await member();

    for (const ask of [enable, verify]) {
      expectRefusal(await ask(dana), 400, "resource.otp.missing_code", "resource.otp.empty_code");
      expectRefusal(await ask(dana, " "), 400, "resource.otp.empty_code");
      expectRefusal(await ask(dana, "1".repeat(33)), 422, "resource.otp.invalid_code");
      expectRefusal(await ask(dana, ["123456"]), 422, "resource.otp.invalid_code");
    }
  });

  test("a new seed makes the one before void", async () => {
    const dana = await member();
    const first = await seedFor(dana);
    const second = await seedFor(dana);

    expectRefusal(await enable(dana, currentCode(first)), 422, "resource.otp.invalid");
    expect((await enable(dana, currentCode(second))).status).toBe(201);
  });

  test("a seed in use is neither told nor replaced, nor enabled again", async () => {
    const dana = await guardedMember();

    expectRefusal(await enrol(dana), 400, "resource.otp.already_enabled");
    expectRefusal(await enable(dana, freshCode(dana.seed)), 400, "resource.otp.already_enabled");

    expect(await verify(dana, currentCode(dana.seed))).toMatchObject({ status: 201, body: 201 });
    const reason = '{"reason":"2FA has been already enabled for this account"}';
    expect((await log(dana.email)).slice(2)).toEqual([
      ["request QR code for 2FA", "failed", reason],
      ["enable 2FA", "failed", reason],
    ]);
  });

  test("a seed asked for while another is being enabled does not take its place", async () => {
    const dana = await member();
    const id = await idOf(dana.email);
    const seed = await seedFor(dana);

    const late = await app.database.transaction(async (tx) => {
      await app.rooms.accounts.lock(id, tx);
      const enrolment = enrol(dana);
      // Long enough for it to have found out who is calling, and that two-factor authentication is off.
      await pause(300);
      await app.rooms.accounts.setOtp({ id }, true, tx);
      return { enrolment };
    });

    expectRefusal(await late.enrolment, 400, "resource.otp.already_enabled");
    expect((await attempt(dana, freshCode(seed))).status).toBe(201);
  });

  test("of parallel requests to enable one does", async () => {
    const dana = await member();
    const code = currentCode(await seedFor(dana));

    const answers = await Promise.all(Array.from({ length: 5 }, () => enable(dana, code)));

    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(4);
    // Late ones find their session ended.
    for (const { status } of refused) expect([400, 401]).toContain(status);
    expect((await log(dana.email)).filter(([, result]) => result === "succeed")).toHaveLength(2);
  });

  test("a code that was used already switches nothing on", async () => {
    const { email, seed } = await guardedMember();
    const id = await idOf(email);
    await app.database.transaction((tx) => app.rooms.accounts.setOtp({ id }, false, tx));
    const dana = { email, cookie: await signIn(app, email) };

    expectRefusal(await enable(dana, currentCode(seed)), 422, "totp.error");
    expect(await isOn(email)).toBe(false);
  });

  test("a right code is verified once, and leaves no trace in the log", async () => {
    const dana = await guardedMember();
    const before = await log(dana.email);
    const code = freshCode(dana.seed);

    expect(await verify(dana, code)).toMatchObject({ status: 201, body: 201 });
    expect(await log(dana.email)).toEqual(before);

    expectRefusal(await verify(dana, code), 422, "totp.error");
    expectRefusal(await attempt(dana, code), 422, "totp.error");
    expectRefusal(await verify(dana, codeAt(dana.seed, secondsAfter(now.moment, -30))), 422, "totp.error");
    expect(await log(dana.email)).toEqual(before);
  });

  test("a code is used up by one of parallel requests", async () => {
    const dana = await guardedMember();
    const code = freshCode(dana.seed);

    const answers = await Promise.all(Array.from({ length: 6 }, () => verify(dana, code)));

    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(5);
    for (const answer of refused) expectRefusal(answer, 422, "totp.error");
  });

  test("what cannot be verified is in the log", async () => {
    const [off, on] = [await member(), await guardedMember()];

    expectRefusal(await verify(off, "123456"), 400, "resource.otp.already_enabled");
    expectRefusal(await verify(on, wrong(on.seed)), 422, "resource.otp.invalid");

    const told = async (email: string) => (await log(email)).at(-1);
    const isOff = '{"reason":"2FA has not been enabled for this account"}';
    expect(await told(off.email)).toEqual(["verify 2FA code", "failed", isOff]);
    expect(await told(on.email)).toEqual(["verify 2FA code", "failed", '{"reason":"OTP code is invalid"}']);
  });

  test("ten wrong codes in a session, wherever they were tried, close it to codes for a quarter of an hour", async () => {
    const dana = await guardedMember();
    const { cookie, seed } = dana;
    const list = (code: string) =>
      rest(app, "GET", `/resource/api_keys?totp_code=${code}`, { headers: { cookie } });
    for (let tried = 0; tried < 6; tried += 1) expect((await verify(dana, wrong(seed))).status).toBe(422);
    for (let tried = 0; tried < 4; tried += 1) expect((await list(wrong(seed))).status).toBe(422);

    for (const ask of [verify(dana, freshCode(seed)), list(freshCode(seed))]) {
      const refused = await ask;
      expectRefusal(refused, 429, "server.too_many_requests");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(900);
    }
    wait(900);
    expect((await verify(dana, currentCode(seed))).status).toBe(201);
  });

  test("guesses at a seed that is not enabled yet are counted as well", async () => {
    const dana = await member();
    const seed = await seedFor(dana);
    for (let tried = 0; tried < 10; tried += 1) expect((await enable(dana, wrong(seed))).status).toBe(422);

    expectRefusal(await enable(dana, currentCode(seed)), 429, "server.too_many_requests");
    wait(901);
    expect((await enable(dana, currentCode(seed))).status).toBe(201);
  });

  test("a right code forgives the wrong ones before it", async () => {
    const dana = await guardedMember();

    for (let round = 0; round < 2; round += 1) {
      for (let tried = 0; tried < 9; tried += 1)
        expect((await verify(dana, wrong(dana.seed))).status).toBe(422);
      expect((await verify(dana, freshCode(dana.seed))).status).toBe(201);
    }
  });

  test("seeds cannot be read in the database", async () => {
    const [started, enabled] = [await member(), await guardedMember()];
    const seeds = [await seedFor(started), enabled.seed];

    const content = await dump(app);

    expect(content).toContain(enabled.email);
    for (const seed of seeds) expect(content).not.toContain(seed);
  });

  test("nobody calls without being signed in, nor a page of another origin", async () => {
    const dana = await member();

    for (const path of [QR_CODE, ENABLE, VERIFY]) {
      expectRefusal(await post(app, path, { code: "123456" }), 401, "jwt.decode_and_verify");
      const headers = { cookie: dana.cookie, origin: "https://evil.example" };
      expectRefusal(await post(app, path, { code: "123456" }, headers), 403, "authz.origin_refused");
    }
  });

  test.each(rpcDoors)("can be switched on over %s", async (door) => {
    const dana = await member();
    const otp = rpcClient(app, door, OtpService, { cookie: dana.cookie });

    const { data } = await otp.generateQrCode({});
    const [, seed = ""] = /secret=(\w+)/.exec(data?.url ?? "") ?? [];
    expect(await reasonsOf(otp.verifyOtp({ code: "123456" }))).toEqual(["resource.otp.already_enabled"]);
    expect(await reasonsOf(otp.enableOtp({ code: wrong(seed) }))).toEqual(["resource.otp.invalid"]);
    await otp.enableOtp({ code: currentCode(seed) });

    const cookie = await signInWithCode(app, dana.email, freshCode(seed));
    const again = rpcClient(app, door, OtpService, { cookie });
    const code = freshCode(seed);
    await again.verifyOtp({ code });
    expect(await reasonsOf(again.verifyOtp({ code }))).toEqual(["totp.error"]);
  });
});
