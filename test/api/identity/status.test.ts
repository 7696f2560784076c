import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { rest } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

describeEachDatabase("status", (database) => {
  const app = startedApp(database);

  test("ping answers pong, also at the paths that stock gateways make", async () => {
    for (const path of ["/identity/ping", "//identity/ping", "/identity/ping/"]) {
      expect(await rest(app, "GET", path)).toMatchObject({ status: 200, body: { ping: "pong" } });
    }
  });

  test("time is a number of whole seconds", async () => {
    const { body } = await rest(app, "GET", "/identity/time");

    const { time } = body as { time: number };
    expect(Number.isInteger(time)).toBe(true);
    expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(5);
  });

  test("an unknown path is not found, and a wrong method names the right ones", async () => {
    for (const path of ["/identity/nothing", "/identity/ping.json"]) {
      expect(await rest(app, "GET", path)).toMatchObject({
        status: 404,
        body: { error: "Route is not found" },
      });
    }
    const wrong = await rest(app, "POST", "/identity/ping");
    expect(wrong).toMatchObject({ status: 405, body: { errors: ["request.method_not_allowed"] } });
    expect(wrong.headers.get("allow")).toContain("GET");
  });
});
