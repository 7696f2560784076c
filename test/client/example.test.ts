import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, testBrowsers } from "../support/browsers.js";
import { testDatabases } from "../support/databases.js";
import { freshEmail } from "../support/rest.js";
import { PASSWORD, start } from "../support/start-app.js";
import { publishedClient } from "./published.js";

const example = join(import.meta.dirname, "../../docs/client");

/** The example's files on an origin of their own, its script bundled with the client as it is published. */
async function serveExample(): Promise<{ origin: string; server: Server }> {
  const bundle = await build({
    ...{ entryPoints: [join(example, "example.ts")], bundle: true, format: "esm", write: false },
    // Whatever needs Node would stop the bundle.
    platform: "browser",
    alias: { "barong/client": await publishedClient() },
    nodePaths: [join(import.meta.dirname, "../../node_modules")],
  });
  const script = bundle.outputFiles[0]?.contents ?? new Uint8Array();
  const page = await readFile(join(example, "example.html"));
  const server = createServer(({ url = "" }, response) => {
    if (url.startsWith("/example.js")) response.setHeader("content-type", "text/javascript").end(script);
    else if (url.startsWith("/example.html")) response.setHeader("content-type", "text/html").end(page);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, server };
}

describe.each(testBrowsers())("the example page in %s", (program) => {
  const [database] = testDatabases();
  let site: Awaited<ReturnType<typeof serveExample>>;
  let app: Awaited<ReturnType<typeof start>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;

  beforeAll(async () => {
    if (database === undefined) throw new Error("there is no database to start on");
    site = await serveExample();
    const environment = { API_CORS_ORIGINS: site.origin, API_CORS_ALLOW_CREDENTIALS: "true" };
    app = await start(database, { environment });
    browser = await openBrowser(program);
  }, 120_000);

  afterAll(async () => {
    await browser?.leave();
    await app?.stop();
    site?.server.close();
  });

  test("signs up, confirms, signs in, shows who is signed in, and signs out", async () => {
    const email = freshEmail();
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    const press = async (id: string) => {
      await page.click(`#${id}`);
      await expect.poll(() => page.textContent("output")).not.toMatch(/^…?$/);
      return page.textContent("output");
    };

    await page.goto(`${site.origin}/example.html?server=http://localhost:${app.httpPort}`);
    const stranger = await press("me");
    await page.fill("#email", email);
    await page.fill("#password", PASSWORD);
    const signedUp = await press("sign-up");
    const tooEarly = await press("sign-in");
    await page.fill("#token", await app.tokenFor(email));
    const confirmed = await press("confirm");
    const signedIn = await press("sign-in");
    await page.reload();
    const me = await press("me");
    const cookies = await page.evaluate("document.cookie");
    const signedOut = await press("sign-out");
    const gone = await press("me");

    expect(complaints).toEqual([]);
    expect([stranger, signedUp, tooEarly]).toEqual([
      "Refused: jwt.decode_and_verify",
      "Signed up. A mail with a token is on its way.",
      "Refused: identity.session.not_active",
    ]);
    expect([confirmed, signedIn, signedOut]).toEqual(["Confirmed.", "Signed in.", "Signed out."]);
    expect(me).toMatch(new RegExp(`^${email} \\(ID[0-9A-F]{10}\\), level 1, active$`));
    expect(cookies).toBe("");
    expect(gone).toBe("Refused: jwt.decode_and_verify");
  }, 60_000);
});
