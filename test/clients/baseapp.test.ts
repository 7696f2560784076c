import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { aJpeg, aPng } from "../support/files.js";
import { freshEmail } from "../support/rest.js";
import { codeAt } from "../support/second-factor.js";
import { PASSWORD, type Started, startedApp } from "../support/start-app.js";
import { type BrowserAnswer, BrowserBehindGateway } from "./gateway.js";

/** What baseapp 2.1 sends, screen by screen, and what it needs of the answers. */
describeEachDatabase("baseapp 2.1 behind its gateway", (database) => {
  const app = startedApp(database);

  async function signedUp(): Promise<{ browser: BrowserBehindGateway; email: string }> {
    const browser = new BrowserBehindGateway(app);
    const email = freshEmail();
    expect(isFine(await browser.post("/identity/users", { email, password: PASSWORD }))).toBe(true);
    return { browser, email };
  }

  async function signedIn() {
    const { browser, email } = await signedUp();
    await browser.post("/identity/users/email/confirm_code", { token: await app.tokenFor(email) });
    await browser.post("/identity/sessions", { email, password: PASSWORD });
    return { browser, email };
  }

  test("a page loaded signed out learns so from the gateway", async () => {
    const answer = await new BrowserBehindGateway(app).get("/resource/users/me");

    expect(answer).toMatchObject({ status: 401, body: { errors: ["authz.invalid_session"] } });
  });

  test("signing up with a referral and the captcha under its old name, being told to confirm, confirming, signing in", async () => {
    const { browser: inviter } = await signedIn();
    const { uid: refid } = (await inviter.get("/resource/users/me")).body as { uid: string };
    const browser = new BrowserBehindGateway(app);
    const email = freshEmail();

    const signUp = await browser.post("/identity/users", {
      ...{ email, password: PASSWORD, refid, recaptcha_response: "03AGdBq2" },
    });
    const tooEarly = await browser.post("/identity/sessions", { email, password: PASSWORD });
    const resent = await browser.post("/identity/users/email/generate_code", { email });
    const token = await app.tokenFor(email);
    const confirmed = await browser.post("/identity/users/email/confirm_code", { token });
    const entered = await browser.post("/identity/sessions", { email, password: PASSWORD });

    expect([signUp, resent, confirmed, entered].map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(tooEarly).toMatchObject({ status: 401, body: { errors: ["identity.session.not_active"] } });
    expect(Object.keys(entered.body as object)).toEqual(["email", "uid", "role", "level", "otp", "state"]);
    expect(entered.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^_barong_session=[^;]+;.*HttpOnly/i),
      expect.stringMatching(/^_barong_device=[^;]+;.*HttpOnly/i),
    ]);
    expect((await browser.get("/resource/users/me")).body).toEqual(entered.body);
  });

  test("a forgotten password is replaced by the one from the mail's page", async () => {
    const { browser, email } = await signedIn();

    const asked = await browser.post("/identity/users/password/generate_code", { email });
    const replaced = await browser.post("/identity/users/password/confirm_code", {
      ...{
        reset_password_token: await app.tokenFor(email),
        password: "Gol4aid2",
        confirm_password: "Gol4aid2",
      },
    });
    const entered = await browser.post("/identity/sessions", { email, password: "Gol4aid2" });

    expect([asked, replaced, entered].map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  test("the three steps of verification, and the labels they leave", async () => {
    const { browser } = await signedIn();
    const number = "+380 93 555 55 54";

    const phone = await browser.post("/resource/phones", { phone_number: number });
    const resent = await browser.post("/resource/phones/send_code", { phone_number: number });
    const verified = await browser.post("/resource/phones/verify", {
      phone_number: number,
      verification_code: await smsCode(app),
    });
    const profile = await browser.post("/resource/profiles", {
      ...{ first_name: "Dana", last_name: "Miller", dob: "01/12/1990", address: "12 Main" },
      ...{ postcode: "AB1", city: "Tirana", country: "AL" },
    });
    const documents = await browser.call("POST", "/resource/documents", { multipart: scans() });
    const labels = (await browser.get("/resource/labels")).body as {
      key: string;
      value: string;
      scope: string;
    }[];

    expect([phone, resent, verified].map(({ status, body }) => [status, body])).toEqual([
      [201, { message: "Code was sent successfully" }],
      [201, { message: "Code was sent successfully" }],
      [201, { message: "Phone was verified successfully" }],
    ]);
    // The page takes these bodies apart, which null does not survive.
    expect([profile, documents].map(({ status, body }) => [status, body])).toEqual([
      [201, 201],
      [201, 201],
    ]);
    expect(labels.map(({ key, value, scope }) => `${scope} ${key}:${value}`)).toEqual([
      ...["private email:verified", "private phone:verified"],
      ...["private profile:verified", "private document:pending"],
    ]);
    expect((await browser.get("/resource/users/me")).body).toMatchObject({ level: 2 });
  });

  test("a birthday in the future, and an expiry in the past, arrive blank and are told so", async () => {
    const { browser } = await signedIn();
    const form = scans();
    form.set("doc_expire", "");

    const profile = await browser.post("/resource/profiles", {
      ...{ first_name: "Dana", last_name: "Miller", dob: "", address: "12 Main" },
      ...{ postcode: "AB1", city: "Tirana", country: "AL" },
    });
    const documents = await browser.call("POST", "/resource/documents", { multipart: form });

    expect(profile).toMatchObject({ status: 422, body: { errors: ["dob.blank"] } });
    expect(documents).toMatchObject({
      status: 400,
      body: { errors: ["resource.document.empty_doc_expire"] },
    });
  });

  test("two-factor authentication, from the picture to the form that a 403 shows", async () => {
    const { browser, email } = await signedIn();

    const picture = await browser.post("/resource/otp/generate_qrcode");
    const { barcode, url } = (picture.body as { data: { barcode: string; url: string } }).data;
    const seed = /secret=(\w+)/.exec(url)?.[1] ?? "";
    const enabled = await browser.post("/resource/otp/enable", { code: codeAt(seed, new Date()) });
    const withoutCode = await browser.post("/identity/sessions", { email, password: PASSWORD });
    const otp_code = codeAt(seed, new Date(Date.now() + 30_000));
    const withCode = await browser.post("/identity/sessions", { email, password: PASSWORD, otp_code });

    expect(Buffer.from(barcode, "base64").subarray(1, 4).toString()).toBe("PNG");
    expect([picture, enabled, withoutCode, withCode].map(({ status }) => status)).toEqual([
      201, 201, 403, 201,
    ]);
    expect(withCode.body).toMatchObject({ otp: true });
  });

  test("the account page: activity without paging, a new password, signing out", async () => {
    const { browser, email } = await signedIn();

    const activity = (await browser.get("/resource/users/activity/all")).body as object[];
    const changed = await browser.call("PUT", "/resource/users/password", {
      json: { old_password: PASSWORD, new_password: "Gol4aid2", confirm_password: "Gol4aid2" },
    });
    await browser.post("/identity/sessions", { email, password: "Gol4aid2" });
    const left = await browser.call("DELETE", "/identity/sessions");

    expect(activity.map((entry) => Object.keys(entry))).toEqual([
      ["id", "user_id", "user_ip", "user_agent", "topic", "action", "result", "data", "created_at"],
    ]);
    expect([changed, left].map(({ status }) => status)).toEqual([201, 204]);
    expect((await browser.get("/resource/users/me")).status).toBe(401);
  });
});

const isFine = ({ status }: BrowserAnswer): boolean => status >= 200 && status < 300;

async function smsCode(app: Started): Promise<string> {
  return (await app.mails()).find(({ kind }) => kind === "sms")?.code ?? "";
}

/** Files first, the words after them, the date as the page shows it. */
function scans(): FormData {
  const form = new FormData();
  form.append("upload[]", new Blob([new Uint8Array(aJpeg())], { type: "image/jpeg" }), "front.jpg");
  form.append("upload[]", new Blob([new Uint8Array(aPng())], { type: "image/png" }), "back.png");
  form.append("doc_expire", "22/01/2099");
  form.append("doc_type", "Passport");
  form.append("doc_number", "AB123123");
  return form;
}
