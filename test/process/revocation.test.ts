import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { cookieOf, freshEmail, post, rest } from "../support/rest.js";
import { codeAt } from "../support/second-factor.js";
import { PASSWORD } from "../support/start-app.js";
import { ServerProcess } from "./server-process.js";

const NEW_PASSWORD = "Gol4aid2x";

describeEachDatabase("what ends a session in one process", (database) => {
  let here: { readonly http: string };
  let there: { readonly http: string };

  /** Starts two processes on one database, for as long as the test lasts. */
  async function startTwo() {
    const fresh = await database.create();
    onTestFinished(fresh.drop);
    const folder = await mkdtemp(join(tmpdir(), "barong-revocation-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const environment = {
      ...{ DATABASE_URL: fresh.url, DATA_DIR: folder, ADMIN_PASSWORD: PASSWORD },
      // As long as it may be.
      AUTHZ_CACHE_MS: "1000",
    };
    here = await new ServerProcess(environment).listening();
    there = await new ServerProcess(environment).listening();
  }

  /** The token in the newest mail to an address; mails lie in the process that has sent them. */
  async function tokenFor(email: string): Promise<string> {
    let token: string | undefined;
    await expect
      .poll(async () => {
        for (const server of [here, there]) {
          const mails = (await (await fetch(`${server.http}/dev/mailbox.json`)).json()) as {
            to: string;
            token?: string;
          }[];
          token ??= mails.find(({ to }) => to === email)?.token;
        }
        return token;
      })
      .toBeDefined();
    return token ?? "";
  }

  async function member() {
    const email = freshEmail();
    await post(here, "/identity/users", { email, password: PASSWORD });
    await post(here, "/identity/users/email/confirm_code", { token: await tokenFor(email) });
    const cookie = cookieOf(await post(here, "/identity/sessions", { email, password: PASSWORD }));
    const { body } = await rest(here, "GET", "/resource/users/me", { headers: { cookie } });
    return { email, cookie, uid: (body as { uid: string }).uid };
  }
  type Member = Awaited<ReturnType<typeof member>>;

  const staff = async () => ({
    cookie: cookieOf(
      await post(here, "/identity/sessions", { email: "admin@barong.io", password: PASSWORD }),
    ),
  });
  const change = async ({ uid }: Member, json: object) =>
    rest(here, "PUT", "/admin/users", { json: { uid, ...json }, headers: await staff() });

  const ends: Record<string, (dana: Member) => Promise<{ readonly status: number }>> = {
    "signing out": ({ cookie }) => rest(here, "DELETE", "/identity/sessions", { headers: { cookie } }),
    "a ban": (dana) => change(dana, { state: "banned" }),
    "a change of role": (dana) => change(dana, { role: "accountant" }),
    "a new password": ({ cookie }) =>
      rest(here, "PUT", "/resource/users/password", {
        json: { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD },
        headers: { cookie },
      }),
    async "a reset"({ email }) {
      await post(here, "/identity/users/password/generate_code", { email });
      return post(here, "/identity/users/password/confirm_code", {
        reset_password_token: await newestTokenFor(email),
        password: NEW_PASSWORD,
        confirm_password: NEW_PASSWORD,
      });
    },
    async "a second factor"({ cookie }) {
      const { body } = await rest(here, "POST", "/resource/otp/generate_qrcode", { headers: { cookie } });
      const seed = /secret=(\w+)/.exec((body as { data: { url: string } }).data.url)?.[1] ?? "";
      return post(here, "/resource/otp/enable", { code: codeAt(seed, new Date()) }, { cookie });
    },
    async "its end by its owner"({ cookie }) {
      const { body } = await rest(here, "GET", "/resource/sessions", { headers: { cookie } });
      const [own] = body as { id: number }[];
      return rest(here, "DELETE", `/resource/sessions/${own?.id}`, { headers: { cookie } });
    },
    "staff that end it": async ({ uid }) =>
      rest(here, "DELETE", `/admin/users/${uid}/sessions`, { headers: await staff() }),
  };

  /** The reset's token: the newest of the two mails to the address. */
  async function newestTokenFor(email: string): Promise<string> {
    let tokens: string[] = [];
    await expect
      .poll(async () => {
        const found = await Promise.all(
          [here, there].map(async ({ http }) => (await fetch(`${http}/dev/mailbox.json`)).json()),
        );
        tokens = (found.flat() as { to: string; token?: string; subject: string }[])
          .filter(({ to, subject }) => to === email && /password/i.test(subject))
          .flatMap(({ token }) => token ?? []);
        return tokens.length;
      })
      .toBe(1);
    return tokens[0] ?? "";
  }

  async function verdictsAfter(end: (dana: Member) => Promise<{ readonly status: number }>) {
    const dana = await member();
    const ask = () => rest(there, "GET", "/auth/api/v2/orders", { headers: { cookie: dana.cookie } });
    const before = await ask();
    const authorization = before.headers.get("authorization") ?? "";
    const bear = () => rest(there, "GET", "/resource/users/me", { headers: { authorization } });
    const borne = await bear();
    // Asked for all the time, so that the other process believes to know it.
    let isOver = false;
    const busy = (async () => {
      while (!isOver) {
        await ask();
        await bear();
        await sleep(20);
      }
    })();
    try {
      const answer = await end(dana);
      const atOnce = await ask();
      const borneAtOnce = await bear();
      await sleep(1000);
      const after = await ask();
      const borneAfter = await bear();
      return {
        wasKnown: atOnce.status === 200,
        wasBorne: borneAtOnce.status === 200,
        verdict: { before: before.status, ended: answer.status < 300, after: after.status, body: after.body },
        token: { before: borne.status, after: borneAfter.status, body: borneAfter.body },
      };
    } finally {
      isOver = true;
      await busy;
    }
  }

  test("is known to every other one a second later, whatever it was", { timeout: 180_000 }, async () => {
    await startTwo();

    const verdicts: Record<string, unknown> = {};
    const tokens: Record<string, unknown> = {};
    let known = 0;
    let borne = 0;
    for (const [what, end] of Object.entries(ends)) {
      const { wasKnown, wasBorne, verdict, token } = await verdictsAfter(end);
      if (wasKnown) known += 1;
      if (wasBorne) borne += 1;
      verdicts[what] = verdict;
      tokens[what] = token;
    }

    const refused = (code: string) => ({ before: 200, ended: true, after: 401, body: { errors: [code] } });
    expect(verdicts).toEqual({
      ...Object.fromEntries(Object.keys(ends).map((what) => [what, refused("authz.invalid_session")])),
      "a ban": refused("authz.user_not_active"),
    });
    const dead = (code: string) => ({ before: 200, after: 401, body: { errors: [code] } });
    expect(tokens).toEqual({
      ...Object.fromEntries(Object.keys(ends).map((what) => [what, dead("jwt.decode_and_verify")])),
      "a ban": dead("authz.user_not_active"),
    });
    // The other process did go by what it knew: else it would have had nothing to forget.
    expect(known).toBeGreaterThan(0);
    expect(borne).toBeGreaterThan(0);
  });
});
