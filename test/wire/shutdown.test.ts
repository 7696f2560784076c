import { Agent, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { grpcClient } from "./clients.js";
import { openTestDoors } from "./support.js";

const ping = StatusService.method.ping;

/** A handler that takes its time, and how to wait until it serves so many calls. */
function slowly(milliseconds: number) {
  let begun = 0;
  const status = {
    async ping() {
      begun += 1;
      await sleep(milliseconds);
      return { ping: "pong" };
    },
  };
  const serving = (calls: number) => vi.waitUntil(() => begun === calls, { timeout: 10_000, interval: 5 });
  return { status, serving };
}

test("calls in flight end, new ones are refused, and idle connections keep nobody waiting", async () => {
  const { status, serving } = slowly(400);
  const { doors, url } = await openTestDoors({ status });
  const agent = new Agent({ keepAlive: true });
  const rpc = grpcClient(doors.grpcPort);
  await getBy(agent, `${url}/api/v2/identity/time`);
  const inFlight = [
    getBy(agent, `${url}/api/v2/identity/ping`),
    getBy(new Agent({ keepAlive: true }), `${url}/${StatusService.typeName}/Ping`, "POST"),
  ];
  const rpcInFlight = rpc.call(ping, create(ping.input));
  await serving(3);

  const start = performance.now();
  const closed = doors.close();
  await sleep(20);
  const late = await getBy(new Agent(), `${url}/api/v2/identity/time`).catch((error) => error.code);
  const lateRpc = await grpcClient(doors.grpcPort).call(ping, create(ping.input), { deadlineMs: 1000 });
  await closed;

  expect(await Promise.all(inFlight)).toEqual([
    { status: 200, connection: "close" },
    { status: 200, connection: expect.any(String) },
  ]);
  expect(await rpcInFlight).toMatchObject({ code: 0 });
  expect(late).toBe("ECONNREFUSED");
  expect([4, 14]).toContain(lateRpc.code);
  expect(performance.now() - start).toBeLessThan(1500);
  agent.destroy();
});

test("connections that nobody has used yet, or whose client has left, keep nobody waiting", async () => {
  const { doors, url } = await openTestDoors({ status: slowly(60_000).status });
  const unused = connect(doors.httpPort, "127.0.0.1");
  const left = new AbortController();
  const leaving = fetch(`${url}/api/v2/identity/ping`, { signal: left.signal }).catch(() => "left");
  await sleep(100);
  left.abort();
  await leaving;

  const start = performance.now();
  await doors.close();

  expect(performance.now() - start).toBeLessThan(1000);
  unused.destroy();
});

test("a call that does not end is ended by force", async () => {
  const { status, serving } = slowly(60_000);
  const { doors, url } = await openTestDoors({ status, settings: { shutdownSeconds: 0.3 } });
  const stuck = getBy(new Agent({ keepAlive: true }), `${url}/api/v2/identity/ping`).catch(
    (error) => error.code,
  );
  const stuckRpc = grpcClient(doors.grpcPort).call(ping, create(ping.input));
  const stuckConnect = fetch(`${url}/${StatusService.typeName}/Ping`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  }).then(
    (response) => response.status,
    () => "cut",
  );
  await serving(3);

  const start = performance.now();
  await doors.close();

  expect(performance.now() - start).toBeLessThan(1500);
  expect(await stuck).toBe("ECONNRESET");
  expect((await stuckRpc).code).not.toBe(0);
  expect(await stuckConnect).not.toBe(200);
});

function getBy(agent: Agent, url: string, method = "GET"): Promise<{ status: number; connection: string }> {
  return new Promise((resolve, reject) => {
    const headers = method === "POST" ? { "content-type": "application/json" } : {};
    const sent = request(url, { agent, method, headers }, (response) => {
      response.resume();
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, connection: String(response.headers.connection) }),
      );
    });
    sent.on("error", reject);
    sent.end(method === "POST" ? "{}" : undefined);
  });
}
