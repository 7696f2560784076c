import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../scripts/services/programs.js";
import { testDatabases } from "../support/databases.js";
import { startNginx, testGateways } from "../support/nginx.js";
import { type PlainAnswer, type PlainRequest, send } from "../support/plain-http.js";
import { activeMember, signIn } from "../support/rest.js";
import { start } from "../support/start-app.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import { startUpstream, type Upstream } from "../support/upstream.js";

const ORDERS = "/api/v2/peatio/market/orders";
const MARKETS = "/api/v2/peatio/public/markets";

describe.each(testGateways())("nginx without an answer to its question (%s)", (program) => {
  let upstream: Upstream;
  beforeEach(async () => {
    upstream = await startUpstream();
  });
  afterEach(() => upstream.close());

  /** Starts nginx in front of whatever listens on a port instead of the server. */
  async function inFrontOf(barong: number) {
    const nginx = await startNginx(program, { barong, peatio: upstream.port, ranger: upstream.port });
    onTestFinished(() => nginx.close());
    return (request: PlainRequest) => send(nginx.port, request);
  }

  async function listening(server: Server): Promise<number> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  const answering = (answer: RequestListener) => listening(createHttpServer(answer));

  /** A server that takes connections in and does with them as told. */
  function taking(doing: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    return listening(
      createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        doing(socket);
      }),
    );
  }

  function expectUnavailable({ status, headers, body }: PlainAnswer): void {
    expect({ status, body }).toEqual({ status: 503, body: { errors: ["server.unavailable"] } });
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("retry-after")).toBe("5");
  }

  test("nothing passes while the server is down, open paths included", async () => {
    const ask = await inFrontOf(await freePort());

    for (const path of [ORDERS, MARKETS, "/api/v2/barong/identity/ping", "/api/v2/ranger/private/"]) {
      expectUnavailable(await ask({ path }));
      expectUnavailable(await ask({ method: "POST", path, body: "x".repeat(500_000) }));
    }

    expect(upstream.received).toEqual([]);
  });

  test("nothing passes while it is silent, and clients are told so within its time", async () => {
    const ask = await inFrontOf(await taking(() => undefined));

    for (const method of ["GET", "POST"]) {
      const began = performance.now();
      expectUnavailable(await ask({ method, path: ORDERS }));
      const took = performance.now() - began;
      expect(took).toBeGreaterThan(800);
      expect(took).toBeLessThan(2_500);
    }

    expect(upstream.received).toEqual([]);
  });

  test.each([
    ["hangs up", (socket: Socket) => socket.destroy()],
    ["resets the connection", (socket: Socket) => socket.resetAndDestroy()],
    ["does not speak HTTP", (socket: Socket) => socket.end("220 ready\r\n")],
    [
      "answers half a yes",
      (socket: Socket) => socket.write("HTTP/1.1 200 OK\r\nauthorization: Bearer x\r\n"),
    ],
  ])("nothing passes when who listens there %s", async (_what, doing) => {
    const ask = await inFrontOf(await taking((socket) => socket.once("data", () => doing(socket))));

    expectUnavailable(await ask({ path: ORDERS }));
    expect(upstream.received).toEqual([]);
  });

  test.each([400, 401, 403, 404, 405, 413, 414, 422, 429, 431, 500, 503, 504])(
    "a refusal by %s arrives as it was made, and was asked for once",
    async (status) => {
      let asked = 0;
      const ask = await inFrontOf(
        await answering((_request, response) => {
          asked += 1;
          const fields = { "content-type": "application/json", "cache-control": "no-store", vary: "Origin" };
          response.writeHead(status, { ...fields, "retry-after": "17" });
          response.end(`{"errors":["number.${asked}"]}`);
        }),
      );

      for (const [index, method] of ["GET", "POST", "DELETE"].entries()) {
        const answer = await ask({ method, path: ORDERS });
        expect(answer).toMatchObject({ status, body: { errors: [`number.${index + 1}`] } });
        expect(answer.headers.get("retry-after")).toBe("17");
      }

      expect(asked).toBe(3);
      expect(upstream.received).toEqual([]);
    },
  );

  test.each([302, 402, 418, 501])("an answer by %s, which nobody gives, is none", async (status) => {
    const ask = await inFrontOf(
      await answering((_request, response) => {
        response.writeHead(status, { location: "/elsewhere", authorization: "Bearer x" }).end("{}");
      }),
    );

    expectUnavailable(await ask({ path: ORDERS }));
    expect(upstream.received).toEqual([]);
  });

  test("a service behind that is down is told in JSON, and is not the question's fault", async () => {
    const nginx = await startNginx(program, {
      ...{ barong: await answering((_request, response) => response.end()) },
      ...{ peatio: await freePort(), ranger: await freePort() },
    });
    onTestFinished(() => nginx.close());

    expectUnavailable(await send(nginx.port, { path: ORDERS }));
  });

  test("a session that was let in is not let in while the server is stuck or gone, and is again afterwards", async () => {
    const [database] = testDatabases();
    if (!database) throw new Error("there is no database to start on");
    const app = await start(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });
    onTestFinished(() => app.stop());
    const proxy = await startTcpProxy({ host: "127.0.0.1", port: app.httpPort });
    onTestFinished(() => proxy.close());
    const ask = await inFrontOf(proxy.port);
    const headers = { cookie: await signIn(app, await activeMember(app)) };
    const passes = async () => (await ask({ path: ORDERS, headers })).status === 200;

    expect(await passes()).toBe(true);
    proxy.blackhole = true;
    expectUnavailable(await ask({ path: ORDERS, headers }));
    proxy.blackhole = false;
    expect(await passes()).toBe(true);
    proxy.down = true;
    proxy.resetAll();
    expectUnavailable(await ask({ path: ORDERS, headers }));
    proxy.down = false;
    expect(await passes()).toBe(true);

    expect(upstream.received).toHaveLength(3);
  });
});
