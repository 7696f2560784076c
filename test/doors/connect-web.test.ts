import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { expect, test } from "vitest";
import { AuthzService } from "../../gen/barong/authz/v1/authz_service_pb.js";
import { UserState } from "../../gen/barong/entities/v1/user_pb.js";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { UserService as OwnAccountService } from "../../gen/barong/resource/v1/user_service_pb.js";
import { describeEachDatabase } from "../support/databases.js";
import { startedApp } from "../support/start-app.js";

const PASSWORD = "Tecohvi0";

interface Mail {
  readonly to: string;
  readonly token: string;
}

interface Page {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
}

const protocols: Record<string, (page: Page) => Transport> = {
  "Connect with JSON": (page) => createConnectTransport(page),
  "Connect with binary messages": (page) => createConnectTransport({ ...page, useBinaryFormat: true }),
  "gRPC-Web": (page) => createGrpcWebTransport(page),
};

describeEachDatabase("the main job from a page", (database) => {
  const app = startedApp(database);

  test.each(Object.keys(protocols))("can be done over %s", async (protocol) => {
    const page = { baseUrl: app.http, fetch: fetchOfABrowser() };
    const transport = protocols[protocol]?.(page) ?? createConnectTransport(page);
    const users = createClient(UserService, transport);
    const sessions = createClient(SessionService, transport);
    const email = `${protocol.replaceAll(" ", ".").toLowerCase()}@example.com`;

    await users.createUser({ email, password: PASSWORD });
    const mails = (await (await fetch(`${app.http}/dev/mailbox.json`)).json()) as Mail[];
    await users.confirmEmail({ token: mails.find(({ to }) => to === email)?.token ?? "" });
    const { user } = await sessions.createSession({ email, password: PASSWORD });
    expect(user).toMatchObject({ email, role: "member", level: 1, state: UserState.ACTIVE });

    const gateway = createClient(AuthzService, transport);
    const { authorization } = await gateway.authorize({ path: "/api/v2/peatio/account/balances" });
    expect(authorization).toMatch(/^Bearer /);

    const elsewhere = createConnectTransport({ baseUrl: app.http });
    const me = await createClient(OwnAccountService, elsewhere).getMe({}, { headers: { authorization } });
    expect(me.user).toEqual(user);
    expect((await createClient(OwnAccountService, transport).getMe({})).user).toEqual(user);

    await sessions.deleteSession({});
    await expect(gateway.authorize({ path: "/api/v2/orders" })).rejects.toThrow("The session is missing");
  });
});

/** Keeps the cookies that it is given and sends them from then on, as a page's `fetch` does. */
function fetchOfABrowser(): typeof fetch {
  const jar = new Map<string, string>();
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (jar.size > 0) headers.set("cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    const response = await fetch(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return response;
  };
}
