import { expect, test } from "vitest";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember, expectRefusal, post, rest } from "../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../support/rpc.js";
import { PASSWORD, startedApp } from "../support/start-app.js";

const SIGN_UP = "/identity/users";
const BURST = 300;
const TOO_MANY = "server.too_many_requests";

describeEachDatabase("requests that are refused for their form", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });
  const from = (address: string) => ({ "x-forwarded-for": address });

  const sendMalformed = async (address: string, count: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let sent = 0; sent < count; sent++)
      statuses.push((await post(app, SIGN_UP, { email: ["no text"] }, from(address))).status);
    return statuses;
  };

  test("count against the client on every transport, and not against others", async () => {
    const email = await activeMember(app);

    const statuses = await sendMalformed("192.0.2.1", BURST + 30);

    expect(statuses[0]).toBe(400);
    expect(statuses.at(-1)).toBe(429);
    const refused = await post(app, SIGN_UP, { email: 3 }, from("192.0.2.1"));
    expectRefusal(refused, 429, TOO_MANY);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    for (const door of rpcDoors) {
      const users = rpcClient(app, door, UserService, from("192.0.2.1"));
      expect(await reasonsOf(users.createUser({}))).toEqual([TOO_MANY]);
    }
    const signedIn = await post(app, "/identity/sessions", { email, password: PASSWORD }, from("192.0.2.2"));
    expect(signedIn.status).toBe(201);
    const { headers } = signedIn;
    const [cookie = ""] = headers.getSetCookie()[0]?.split(";") ?? [];
    const me = await rest(app, "GET", "/resource/users/me", { headers: { cookie, ...from("192.0.2.1") } });
    expect(me.status).toBe(200);
  });

  test.each(rpcDoors)("count over %s too", async (door) => {
    const address = door === "gRPC" ? "192.0.2.3" : "192.0.2.4";
    const users = rpcClient(app, door, UserService, from(address));

    for (let sent = 0; sent < BURST + 30; sent++) await reasonsOf(users.createUser({}));

    expect(await reasonsOf(users.createUser({}))).toEqual([TOO_MANY]);
  });

  test("that are well formed are not counted", async () => {
    const statuses: number[] = [];
    for (let sent = 0; sent < BURST + 30; sent++)
      statuses.push((await rest(app, "GET", "/identity/time", { headers: from("192.0.2.5") })).status);

    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
