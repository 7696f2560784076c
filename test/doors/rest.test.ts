import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { startedApp } from "../support/start-app.js";

const PASSWORD = "Tecohvi0";

interface Mail {
  readonly to: string;
  readonly token: string;
}

describeEachDatabase("the main job over REST", (database) => {
  const app = startedApp(database);

  test("can be done with forms and a cookie jar", async () => {
    const api = `${app.http}/api/v2`;
    const email = "forms@example.com";
    const form = (fields: Record<string, string>) => ({ method: "POST", body: new URLSearchParams(fields) });

    const signedUp = await fetch(`${api}/identity/users`, form({ email, password: PASSWORD }));
    expect([signedUp.status, await signedUp.text()]).toEqual([201, "201"]);

    const mails = (await (await fetch(`${app.http}/dev/mailbox.json`)).json()) as Mail[];
    const token = mails.find(({ to }) => to === email)?.token ?? "";
    const confirmed = await fetch(`${api}/identity/users/email/confirm_code`, form({ token }));
    expect([confirmed.status, await confirmed.text()]).toEqual([201, "201"]);

    const signedIn = await fetch(`${api}/identity/sessions`, form({ email, password: PASSWORD }));
    expect(signedIn.status).toBe(201);
    const jar = signedIn.headers.getSetCookie().map((line) => line.split(";")[0]);
    const cookie = jar.join("; ");

    const asked = await fetch(`${api}/auth/api/v2/peatio/account/balances`, { headers: { cookie } });
    expect(asked.status).toBe(200);
    const authorization = asked.headers.get("authorization") ?? "";
    expect(authorization).toMatch(/^Bearer /);

    const me = await fetch(`${api}/resource/users/me`, { headers: { authorization } });
    expect(me.status).toBe(200);
    expect(await me.json()).toEqual({
      email,
      uid: expect.stringMatching(/^ID[0-9A-F]{10}$/),
      role: "member",
      level: 1,
      otp: false,
      state: "active",
    });

    const signedOut = await fetch(`${api}/identity/sessions`, { method: "DELETE", headers: { cookie } });
    expect([signedOut.status, await signedOut.text()]).toEqual([204, ""]);
    const askedAgain = await fetch(`${api}/auth/api/v2/peatio/account/balances`, { headers: { cookie } });
    expect(askedAgain.status).toBe(401);
  });

  test("can be done with JSON and the cookie alone", async () => {
    const api = `${app.http}/api/v2`;
    const email = "json@example.com";
    const json = (fields: object) => ({
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });

    const signedUp = await fetch(`${api}/identity/users`, json({ email, password: PASSWORD }));
    expect(signedUp.status).toBe(201);

    const mails = (await (await fetch(`${app.http}/dev/mailbox.json`)).json()) as Mail[];
    const token = mails.find(({ to }) => to === email)?.token ?? "";
    const confirmed = await fetch(`${api}/identity/users/email/confirm_code`, json({ token }));
    expect(confirmed.status).toBe(201);

    const signedIn = await fetch(`${api}/identity/sessions`, json({ email, password: PASSWORD }));
    expect(signedIn.status).toBe(201);
    expect(await signedIn.json()).toMatchObject({ email, state: "active" });
    const [cookie = ""] = (signedIn.headers.get("set-cookie") ?? "").split(";");

    const asked = await fetch(`${api}/auth/api/v2/peatio/account/balances`, { headers: { cookie } });
    expect(asked.headers.get("authorization")).toMatch(/^Bearer /);

    const me = await fetch(`${api}/resource/users/me`, { headers: { cookie } });
    expect([me.status, await me.json()]).toEqual([200, expect.objectContaining({ email, level: 1 })]);
  });
});
