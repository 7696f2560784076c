import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, expectRefusal, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

const ME = "/resource/users/me";

describeEachDatabase("GET /resource/users/me", (database) => {
  const app = startedApp(database);

  const me = (headers: Record<string, string>) => rest(app, "GET", ME, { headers });

  test("the gateway's bearer token and the session cookie answer the same account", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);

    const byBearer = await me({ authorization: await bearerFor(app, cookie) });
    const byCookie = await me({ cookie });

    expect(byBearer).toMatchObject({ status: 200, body: { email, state: "active", level: 1 } });
    expect(byCookie.body).toEqual(byBearer.body);
  });

  test("no, another scheme's, and a broken token are refused alike", async () => {
    const tokens = [undefined, "", "Bearer", "Bearer x", "Basic dTpw", "bearer abc.def.ghi"];
    for (const authorization of tokens) {
      const refused = await me(authorization === undefined ? {} : { authorization });
      expectRefusal(refused, 401, "jwt.decode_and_verify");
    }
  });

  test("a token that somebody else signed is refused, however it is signed", async () => {
    const bearer = await bearerFor(app, await signIn(app, await activeMember(app)));
    const [header = "", payload = ""] = bearer.slice("Bearer ".length).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const jwks = (await (await fetch(`${app.http}/api/v2/.well-known/jwks.json`)).json()) as {
      keys: { kid: string; n: string }[];
    };
    const [own] = jwks.keys;
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
    const foreign = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: own?.kid ?? "" })
      .sign(privateKey);
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: own?.kid ?? "" })
      .sign(Buffer.from(JSON.stringify(own)));
    const embedded = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", jwk: await exportJWK(publicKey) })
      .sign(privateKey);

    for (const token of [none, foreign, confused, embedded, `${header}.${payload}.AAAA`]) {
      expectRefusal(await me({ authorization: `Bearer ${token}` }), 401, "jwt.decode_and_verify");
    }
  });

  test("a token does not outlive a ban", async () => {
    const email = await activeMember(app);
    const authorization = await bearerFor(app, await signIn(app, email));
    const account = await app.rooms.accounts.byEmail(email);
    await app.database.transaction((tx) =>
      app.rooms.accounts.setState({ id: account?.id ?? 0 }, "banned", tx),
    );

    expectRefusal(await me({ authorization }), 401, "authz.user_not_active");
  });

  test("a page of another origin may read with the cookie only what CORS lets it read", async () => {
    const cookie = await signIn(app, await activeMember(app));

    const answer = await me({ cookie, origin: "https://evil.example" });

    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });
});
