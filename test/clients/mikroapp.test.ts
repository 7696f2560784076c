import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember } from "../support/rest.js";
import { PASSWORD, startedApp } from "../support/start-app.js";
import { BrowserBehindGateway } from "./gateway.js";

describeEachDatabase("mikroapp 0.1 behind its gateway", (database) => {
  const app = startedApp(database);

  test("signs in with everything its form has, filled in or not, and out again", async () => {
    const email = await activeMember(app);
    const browser = new BrowserBehindGateway(app);

    const entered = await browser.post("/identity/sessions", {
      ...{ email, password: PASSWORD, otp_code: "", recaptcha_response: "" },
    });
    const me = await browser.get("/resource/users/me");
    const left = await browser.call("DELETE", "/identity/sessions");
    const leftAgain = await browser.call("DELETE", "/identity/sessions");

    expect([entered, me, left, leftAgain].map(({ status }) => status)).toEqual([201, 200, 204, 404]);
    expect(me.body).toMatchObject({ email });
  });
});
