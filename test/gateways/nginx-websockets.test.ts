import { once } from "node:events";
import { request } from "node:http";
import type { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { testGateways } from "../support/nginx.js";
import { activeMember, bearerFor, signIn } from "../support/rest.js";
import { houseBehind } from "./house.js";

const STREAM = "/api/v2/ranger/private/?stream=order&stream=trade";

type Upgrade = { readonly status: number; readonly socket?: Duplex };

describe.each(testGateways())("upgrades through nginx (%s)", (program) => {
  const house = houseBehind(program);
  const { receivedBy } = house;

  /** Asks for an upgrade, and answers the status and, when it was made, the connection. */
  async function upgrade(
    path: string,
    headers: Readonly<Record<string, string>>,
    protocol = "websocket",
  ): Promise<Upgrade> {
    const call = request({
      ...{ host: "127.0.0.1", port: house.nginx.port, path, agent: false },
      headers: {
        ...{ connection: "Upgrade, HTTP2-Settings", upgrade: protocol, "http2-settings": "AAMAAABkAAQCAAAA" },
        ...{ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" },
        ...headers,
      },
    });
    const answered = new Promise<Upgrade>((resolve, reject) => {
      call.once("upgrade", ({ statusCode: status = 0 }, socket) => resolve({ status, socket }));
      call.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0 });
      });
      call.once("error", reject);
    });
    call.end();
    const { status, socket } = await answered;
    onTestFinished(() => {
      socket?.destroy();
    });
    return socket ? { status, socket } : { status };
  }

  test("a session's WebSocket gets to the service with a token, and bytes flow both ways", async () => {
    const cookie = await signIn(house.app, await activeMember(house.app));
    let socket: Duplex | undefined;

    const [received] = await receivedBy(async () => {
      const made = await upgrade(STREAM, { cookie, authorization: "Bearer mine" });
      expect(made.status).toBe(101);
      socket = made.socket;
    });
    socket?.write("ping");
    const [echo] = socket ? await once(socket, "data") : [];

    expect(String(echo)).toBe("ping");
    expect(received?.target).toBe("/?stream=order&stream=trade");
    expect(received?.headers).toMatchObject({ upgrade: "websocket", connection: "upgrade" });
    expect(received?.headers.authorization).toBe(await bearerFor(house.app, cookie));
    expect(received?.headers.cookie).toBeUndefined();
  });

  test("without a session there is none", async () => {
    const received = await receivedBy(async () => {
      expect((await upgrade(STREAM, {})).status).toBe(401);
      expect((await upgrade(STREAM, { authorization: "Bearer mine" })).status).toBe(401);
    });

    expect(received).toEqual([]);
  });

  test("a page of another site opens none with the cookie, in a browser that does not say what it fetches either", async () => {
    const cookie = await signIn(house.app, await activeMember(house.app));
    const host = "www.example.com";
    const foreign = { cookie, host, origin: "https://evil.example.org" };
    const told = { "sec-fetch-mode": "websocket", "sec-fetch-site": "cross-site" };

    const refused = await receivedBy(async () => {
      for (const headers of [foreign, { ...foreign, ...told }, { ...foreign, origin: "null" }])
        expect((await upgrade(STREAM, headers)).status).toBe(403);
    });
    const opened = await receivedBy(async () => {
      expect((await upgrade(STREAM, { ...foreign, origin: `https://${host}` })).status).toBe(101);
    });

    expect(refused).toEqual([]);
    expect(opened.map(({ target }) => target)).toEqual(["/?stream=order&stream=trade"]);
  });

  test.each([
    ["h2c", STREAM],
    ["websocket", "/api/v2/peatio/market/orders"],
    ["h2c", "/api/v2/peatio/market/orders"],
  ])("an upgrade to %s on %s is an ordinary request to the service", async (protocol, path) => {
    const cookie = await signIn(house.app, await activeMember(house.app));

    const [received] = await receivedBy(async () => {
      expect((await upgrade(path, { cookie }, protocol)).status).toBe(200);
    });

    expect(received?.headers.upgrade).toBeUndefined();
    expect(received?.headers.connection).not.toBe("upgrade");
  });
});
