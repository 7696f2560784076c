import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pathRulesIn } from "../../src/features/authz/rules-text.js";
import { describeEachDatabase } from "../support/databases.js";
import { keyOfMember } from "../support/key-owner.js";
import { activeMember, rest, signIn } from "../support/rest.js";
import { signedByNonce } from "../support/signing.js";
import { accountWith, asAdministrator } from "../support/staff.js";
import { type Started, start, startedApp } from "../support/start-app.js";

const page = await readFile(join(import.meta.dirname, "../../docs/gateway-rules.md"), "utf8");

/** The block of code below a heading. */
function blockBelow(heading: string, language: string): string {
  const below = page.slice(page.indexOf(heading));
  const [, block] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(below) ?? [];
  if (!page.includes(heading) || block === undefined)
    throw new Error(`there is no ${language} below "${heading}"`);
  return block;
}

describeEachDatabase("the recipes for the gateway's rules, as printed", (database) => {
  let app: Started & { stop(): Promise<void> };
  beforeEach(async () => {
    app = await start(database);
  });
  afterEach(() => app.stop());

  /** Runs the commands below a heading as an administrator; each must succeed. Answers what they print. */
  async function follow(heading: string, edit = (commands: string) => commands): Promise<string> {
    const { cookie } = await asAdministrator(app);
    const commands = edit(blockBelow(heading, "sh"))
      .replaceAll("curl -b jar", `curl -sS --fail-with-body -b '${cookie}'`)
      .replaceAll("$api", `${app.http}/api/v2`);
    return (await promisify(execFile)("bash", ["-c", `set -euo pipefail\n${commands}`])).stdout;
  }

  async function member() {
    const email = await activeMember(app);
    const { id, uid } = await accountWith(app, email);
    const cookie = await signIn(app, email);
    const ask = async (verb: string, path: string) =>
      (await rest(app, verb, `/auth/${path}`, { headers: { cookie } })).status;
    return { id, uid, ask };
  }

  const label = async (uid: string, key: string, value: string) => {
    const headers = await asAdministrator(app);
    const json = { uid, key, value, scope: "private" };
    expect((await rest(app, "POST", "/admin/users/labels", { headers, json })).status).toBe(201);
  };

  test("members only read until level 3", async () => {
    const dana = await member();
    await follow("### Members only read until level 3");

    const order = ["POST", "api/v2/peatio/market/orders"] as const;
    expect(await dana.ask(...order)).toBe(401);
    expect(await dana.ask("GET", "api/v2/peatio/market/orders")).toBe(200);
    expect(await dana.ask("POST", "api/v2/barong/resource/documents")).toBe(200);
    await label(dana.uid, "phone", "verified");
    expect(await dana.ask(...order)).toBe(401);
    await label(dana.uid, "document", "verified");
    expect(await dana.ask(...order)).toBe(200);
  });

  test("API keys trade, and do nothing else", async () => {
    const dana = await member();
    const trader = await keyOfMember(app, { scope: ["trade"] });
    const reader = await keyOfMember(app, { scope: ["read"] });
    await follow("### API keys trade, and do nothing else");

    const askWith = async (key: typeof trader, path: string) =>
      (await rest(app, "POST", `/auth/${path}`, { headers: signedByNonce(key) })).status;
    expect(await askWith(trader, "api/v2/peatio/market/orders")).toBe(200);
    expect(await askWith(trader, "api/v2/peatio/account/withdraws")).toBe(401);
    expect(await askWith(trader, "api/v2/barong/resource/api_keys")).toBe(401);
    expect(await askWith(reader, "api/v2/peatio/market/orders")).toBe(401);
    expect(await dana.ask("POST", "api/v2/peatio/account/withdraws")).toBe(200);
  });

  test("paths for staff", async () => {
    const dana = await member();
    await follow("### Paths for staff");

    expect(await dana.ask("GET", "api/v2/peatio/admin/orders")).toBe(401);
    expect(await dana.ask("GET", "api/v2/barong/admin/users")).toBe(401);
    for (const path of [
      "api/v2/barong/resource/users/me",
      "api/v2/peatio/account/balances",
      "api/v2/peatio/market/orders",
    ])
      expect(await dana.ask("GET", path)).toBe(200);
    const headers = await asAdministrator(app);
    expect((await rest(app, "GET", "/auth/api/v2/peatio/admin/orders", { headers })).status).toBe(200);
    expect((await rest(app, "GET", "/admin/users", { headers })).status).toBe(200);
  });

  test("no trade for who is suspended, and a trail of withdrawals", async () => {
    const dana = await member();
    await follow("### No trade for who is suspended, and a trail of withdrawals");

    expect(await dana.ask("POST", "api/v2/peatio/market/orders")).toBe(200);
    await label(dana.uid, "trading", "suspended");
    expect(await dana.ask("POST", "api/v2/peatio/market/orders")).toBe(401);
    expect(await dana.ask("GET", "api/v2/peatio/market/orders")).toBe(200);
    await dana.ask("POST", "api/v2/peatio/account/withdraws");
    const [latest] = await app.rooms.activities.latest(dana.id, 1);
    expect(latest).toMatchObject({ topic: "withdraw", action: "audit", result: "succeed" });
  });

  test("one row by SQL opens the door for administrators again", async () => {
    await app.database.write("DELETE FROM permissions", []);
    await app.rooms.permissions.reload();
    const headers = await asAdministrator(app);
    expect((await rest(app, "GET", "/admin/permissions", { headers })).status).toBe(401);

    await app.database.write(
      blockBelow("### Somebody has locked everybody out", "sql").trim().replace(/;$/, ""),
      [],
    );

    const list = async () => (await rest(app, "GET", "/admin/permissions", { headers })).status;
    await expect.poll(list, { timeout: 5000, interval: 100 }).toBe(200);
  });

  test("staff is told why a request would be refused", async () => {
    const { uid } = await member();

    const printed = await follow("## Why was this refused?", (command) =>
      command.replace("ID30DD0DD986", uid),
    );

    expect(JSON.parse(printed)).toMatchObject({
      allowed: true,
      decided_by: "permissions",
      permissions: [{ id: 1 }],
    });
  });
});

describeEachDatabase("the rules file that is printed", (database) => {
  const app = startedApp(database);

  test("is what holds without a file", () => {
    expect(pathRulesIn(blockBelow("## The lists", "yaml"))).toEqual(app.rooms.pathRules.current());
  });
});
