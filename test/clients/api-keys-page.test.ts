import { expect, test } from "vitest";
import { FastClock, World } from "../contract/rest/world.js";
import { describeEachDatabase } from "../support/databases.js";
import { rest } from "../support/rest.js";
import { startedApp } from "../support/start-app.js";

describeEachDatabase("the API keys page of baseapp 2.1", (database) => {
  const clock = new FastClock();
  const app = startedApp(database, { clock: clock.now });

  test("lists, creates, disables and deletes keys, with a code for each", async () => {
    const { seed, headers } = await new World(app, clock).carefulMember();
    const code = () => clock.codeOf(seed);
    const call = (method: string, path: string, json?: object) =>
      rest(app, method, path, { headers, ...(json !== undefined && { json }) });

    const none = await call("GET", `/resource/api_keys?totp_code=${code()}`);
    const created = await call("POST", "/resource/api_keys", { totp_code: code(), algorithm: "HS256" });
    const { kid, secret } = created.body as { kid: string; secret: unknown };
    const disabled = await call("PATCH", `/resource/api_keys/${kid}`, {
      totp_code: code(),
      state: "disabled",
    });
    const listed = await call("GET", `/resource/api_keys?totp_code=${code()}`);
    const deleted = await call("DELETE", `/resource/api_keys/${kid}?totp_code=${code()}`);

    expect([none, created, disabled, listed, deleted].map(({ status }) => status)).toEqual([
      200, 201, 200, 200, 204,
    ]);
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect(listed.body).toEqual([
      {
        ...{ kid, algorithm: "HS256", scope: [], state: "disabled" },
        ...{ created_at: expect.any(String), updated_at: expect.any(String), allowed_ips: [] },
      },
    ]);
  });
});
