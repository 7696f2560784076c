import { expect, test } from "vitest";
import { createBarongClient, reasonsOf } from "../../src/client/client.js";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember, bearerFor, signIn } from "../support/rest.js";
import { PASSWORD, startedApp } from "../support/start-app.js";

describeEachDatabase("the typed client in Node", (database) => {
  const app = startedApp(database);

  test("keeps its session from signing in to signing out, and nobody else's", async () => {
    const email = await activeMember(app);
    const [dana, stranger] = [
      createBarongClient({ baseUrl: app.http }),
      createBarongClient({ baseUrl: app.http }),
    ];

    await dana.sessions.createSession({ email, password: PASSWORD });
    const { user } = await dana.me.getMe({});
    const { labels } = await dana.labels.listLabels({});

    expect(user?.email).toBe(email);
    expect(labels.map(({ key }) => key)).toEqual(["email"]);
    expect(await refusalOf(stranger.me.getMe({}))).toEqual(["jwt.decode_and_verify"]);

    await dana.sessions.deleteSession({});

    expect(await refusalOf(dana.me.getMe({}))).toEqual(["jwt.decode_and_verify"]);
  });

  test("acts with a token that it is given", async () => {
    const email = await activeMember(app);
    const bearer = await bearerFor(app, await signIn(app, email));
    const client = createBarongClient({ baseUrl: app.http, token: () => bearer.replace("Bearer ", "") });

    const { user } = await client.me.getMe({});

    expect(user?.email).toBe(email);
  });

  test("tells every code of a refusal, and none for what the server did not say", async () => {
    const client = createBarongClient({ baseUrl: app.http });
    const nowhere = createBarongClient({ baseUrl: "http://127.0.0.1:1" });

    expect(await refusalOf(client.users.createUser({ email: "bad", password: "password" }))).toEqual([
      ...["email.invalid", "password.requirements", "password.password.password_strength"],
    ]);
    expect(await refusalOf(nowhere.status.ping({}))).toEqual([]);
  });
});

async function refusalOf(call: Promise<unknown>): Promise<readonly string[]> {
  const [outcome] = await Promise.allSettled([call]);
  if (outcome?.status === "fulfilled") throw new Error("the call was not refused");
  return reasonsOf(outcome?.reason);
}
