import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { cookieOf, freshEmail, post, rest } from "../support/rest.js";
import { startSmtpTwin } from "../support/smtp-twin.js";
import { PASSWORD } from "../support/start-app.js";
import { startTwilioTwin, TWILIO } from "../support/twilio-twin.js";
import { freshFolder, ServerProcess } from "./server-process.js";

describeEachDatabase("production mode", (database) => {
  test("does the main job by mail and SMS, with guarded cookies, and without anything of development", async () => {
    const fresh = await database.create();
    onTestFinished(fresh.drop);
    const smtp = await startSmtpTwin();
    onTestFinished(smtp.down);
    const twilio = await startTwilioTwin();
    onTestFinished(twilio.stop);
    const folder = await freshFolder();
    const keyFile = join(folder, "signing.pem");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
    const secretsKey = randomBytes(32).toString("base64");
    const process = new ServerProcess({
      NODE_ENV: "production",
      PUBLIC_URL: "https://exchange.example.com",
      DATABASE_URL: fresh.url,
      DATA_DIR: folder,
      JWT_PRIVATE_KEY_PATH: keyFile,
      SECRETS_KEYS: `k1:${secretsKey}`,
      SMTP_URL: smtp.url,
      DOCUMENTS_FOLDER: join(folder, "documents"),
      MAIL_FROM: "Exchange <noreply@exchange.example.com>",
      APP_NAME: "Exchange",
      ...twilio.environment,
    });
    const server = await process.listening();
    const email = freshEmail();

    expect((await post(server, "/identity/users", { email, password: PASSWORD })).status).toBe(201);
    await expect.poll(() => smtp.received.length, { timeout: 5000 }).toBe(1);
    const { text = "" } = smtp.received[0]?.mail ?? {};
    const link = /https:\/\/exchange\.example\.com\/accounts\/confirmation\?confirmation_token=([\w-]+)/;
    const [, token = ""] = link.exec(text) ?? [];
    expect((await post(server, "/identity/users/email/confirm_code", { token })).status).toBe(201);
    const signedIn = await post(server, "/identity/sessions", { email, password: PASSWORD });
    expect(signedIn.headers.get("set-cookie")).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const cookie = cookieOf(signedIn);
    const asked = await rest(server, "GET", "/auth/api/v2/orders", { headers: { cookie } });
    expect(asked.headers.get("authorization")).toMatch(/^Bearer /);
    expect(asked.headers.get("strict-transport-security")).not.toBeNull();

    const phone_number = "+44 7418 084106";
    expect((await post(server, "/resource/phones", { phone_number }, { cookie })).status).toBe(201);
    await expect.poll(() => twilio.received, { timeout: 10_000 }).toHaveLength(1);
    const [sms] = twilio.received;
    expect(sms).toMatchObject({ to: "+447418084106", from: TWILIO.from });
    const [, verification_code = ""] =
      /^Your verification code for Exchange: (\d{6})$/.exec(sms?.body ?? "") ?? [];
    const proof = { phone_number, verification_code };
    expect((await post(server, "/resource/phones/verify", proof, { cookie })).status).toBe(201);

    for (const page of ["mailbox", "mails", "mails/html", "mailbox.json", "confirmation", "password-reset"]) {
      expect((await fetch(`${server.http}/dev/${page}`)).status).toBe(404);
    }
    expect(await process.stop()).toMatchObject({ code: 0 });
    // One JSON object a line, and no secret in any of them; without ADMIN_PASSWORD there is no administrator.
    for (const line of process.output.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
    const bearer = asked.headers.get("authorization")?.slice("Bearer ".length) ?? "";
    for (const secret of [PASSWORD, token, cookie.split("=")[1] ?? "", bearer, secretsKey]) {
      expect(process.output).not.toContain(secret);
    }
    expect(process.output).not.toContain(TWILIO.authToken);
    expect(process.output).not.toContain("7418084106");
    // As a word, for the digits of a time could hold the same.
    expect(process.output).not.toMatch(new RegExp(`\\b${verification_code}\\b`));
    expect(process.output).not.toMatch(/administrator/i);
  });
});
