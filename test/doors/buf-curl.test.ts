import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { startedApp } from "../support/start-app.js";

const PASSWORD = "Tecohvi0";
const BUF = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));
const run = promisify(execFile);

interface Mail {
  readonly to: string;
  readonly token: string;
}

describeEachDatabase("the main job with buf curl", (database) => {
  const app = startedApp(database);

  const curl = (...args: string[]) =>
    run(BUF, ["curl", "--http2-prior-knowledge", "--protocol", "grpc", "--reflect", ...args]);

  async function call(method: string, fields: object, ...headers: string[]) {
    const flags = headers.flatMap((header) => ["-H", header]);
    const url = `http://${app.grpc}/${method}`;
    const { stdout, stderr } = await curl("-v", ...flags, "-d", JSON.stringify(fields), url);
    return { body: JSON.parse(stdout), headers: stderr };
  }

  test("can be done with nothing but the address: the schema comes by reflection", async () => {
    const email = "buf@example.com";

    await call("barong.identity.v1.UserService/CreateUser", { email, password: PASSWORD });
    const mails = (await (await fetch(`${app.http}/dev/mailbox.json`)).json()) as Mail[];
    const token = mails.find(({ to }) => to === email)?.token;
    await call("barong.identity.v1.UserService/ConfirmEmail", { token });

    const signedIn = await call("barong.identity.v1.SessionService/CreateSession", {
      email,
      password: PASSWORD,
    });
    expect(signedIn.body).toMatchObject({ user: { email, level: 1, state: "USER_STATE_ACTIVE" } });
    const [, cookie] = /Set-Cookie: (_barong_session=[\w-]+)/.exec(signedIn.headers) ?? [];

    const path = "/api/v2/peatio/account/balances";
    const asked = await call("barong.authz.v1.AuthzService/Authorize", { path }, `cookie: ${cookie}`);
    expect(asked.body.authorization).toMatch(/^Bearer /);

    const bearer = `authorization: ${asked.body.authorization}`;
    const me = await call("barong.resource.v1.UserService/GetMe", {}, bearer);
    expect(me.body).toEqual(signedIn.body);
  });

  test("every method is listed", async () => {
    const { stdout } = await curl("--list-methods", `http://${app.grpc}`);

    expect(stdout.trim().split("\n")).toEqual(
      expect.arrayContaining([
        "barong.authz.v1.AuthzService/Authorize",
        "barong.authz.v1.KeyService/ListKeys",
        "barong.identity.v1.SessionService/CreateSession",
        "barong.identity.v1.SessionService/DeleteSession",
        "barong.identity.v1.StatusService/Ping",
        "barong.identity.v1.UserService/CreateUser",
        "barong.identity.v1.UserService/ResetPassword",
        "barong.resource.v1.UserService/GetMe",
        "grpc.health.v1.Health/Check",
      ]),
    );
  });

  test("a refusal names its reason", async () => {
    const fields = JSON.stringify({ email: "nobody@example.com", password: PASSWORD });
    const method = `http://${app.grpc}/barong.identity.v1.SessionService/CreateSession`;

    const { stderr } = await curl("-d", fields, method).catch((refusal) => refusal);

    const { code, message, details } = JSON.parse(stderr);
    expect({ code, message }).toEqual({ code: "unauthenticated", message: "Invalid Email or Password" });
    const [{ type, value }] = details;
    expect(type).toBe("google.rpc.ErrorInfo");
    expect(Buffer.from(value, "base64").toString()).toContain("identity.session.invalid_params");
  });
});
