import { expect, test } from "vitest";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember, expectRefusal, post, rest } from "../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../support/rpc.js";
import { PASSWORD, startedApp } from "../support/start-app.js";

const SIGN_UP = "/identity/users";
const BURST = 300;
const TOO_MANY = "server.too_many_requests";

const isTooMany = (reasons: readonly string[]): boolean => reasons.includes(TOO_MANY);

/** Sends until a response is as expected, since a few a second are forgiven meanwhile; the last response after twenty. */
async function until<T>(send: () => Promise<T>, isExpected: (response: T) => boolean): Promise<T> {
  for (let sent = 0; sent < 20; sent++) {
    const response = await send();
    if (isExpected(response)) return response;
  }
  return send();
}

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

    const statuses = await sendMalformed("192.0.2.1", 2 * BURST);

    expect(statuses[0]).toBe(400);
    expect(statuses).toContain(429);
    const refused = await until(
      () => post(app, SIGN_UP, { email: 3 }, from("192.0.2.1")),
      ({ status }) => status === 429,
    );
    expectRefusal(refused, 429, TOO_MANY);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    for (const door of rpcDoors) {
      const users = rpcClient(app, door, UserService, from("192.0.2.1"));
      expect(await until(() => reasonsOf(users.createUser({})), isTooMany)).toEqual([TOO_MANY]);
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

    for (let sent = 0; sent < 2 * BURST; sent++) await reasonsOf(users.createUser({}));

    expect(await until(() => reasonsOf(users.createUser({})), isTooMany)).toEqual([TOO_MANY]);
  });

  test("that are well formed are not counted", async () => {
    const statuses: number[] = [];
    for (let sent = 0; sent < 2 * BURST; sent++)
      statuses.push((await rest(app, "GET", "/identity/time", { headers: from("192.0.2.5") })).status);

    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
