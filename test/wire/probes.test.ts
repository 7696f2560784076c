import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { Health, HealthCheckRequestSchema } from "../../gen/grpc/health/v1/health_pb.js";
import { grpcClient, pathOf } from "./clients.js";
import { get, openTestDoors } from "./support.js";

test("the probes over HTTP tell whether the process is up and whether it can serve", async () => {
  let isReady = true;
  const { url } = await openTestDoors({ ready: () => isReady });

  expect((await get(`${url}/healthz`)).status).toBe(200);
  expect((await get(`${url}/readyz`)).status).toBe(200);
  isReady = false;
  expect((await get(`${url}/healthz`)).status).toBe(200);
  expect((await get(`${url}/readyz`)).status).toBe(503);
});

test("grpc.health.v1 knows the server and its services, and no others", async () => {
  const { doors } = await openTestDoors();
  const { call } = grpcClient(doors.grpcPort);
  const check = (service: string) => call(Health.method.check, create(HealthCheckRequestSchema, { service }));

  expect((await check("")).message).toMatchObject({ status: 1 });
  expect((await check(StatusService.typeName)).message).toMatchObject({ status: 1 });
  expect(await check("nobody.Service")).toMatchObject({ code: 5 });
  expect(await watch(doors.grpcPort, "nobody.Service", 1).seen).toEqual([3]);
});

test("a watcher hears that the server goes down, and does not hold it up", async () => {
  const { doors } = await openTestDoors();
  const watcher = watch(doors.grpcPort, "", 2);
  await watcher.first;

  const start = performance.now();
  await doors.close();

  expect(await watcher.seen).toEqual([1, 2]);
  expect(performance.now() - start).toBeLessThan(1000);
});

test("tools can ask what the server offers and call it by that", async () => {
  const { doors } = await openTestDoors();
  const url = `http://127.0.0.1:${doors.grpcPort}`;
  const flags = ["--http2-prior-knowledge", "--protocol", "grpc", "--reflect"];

  const listed = await buf("curl", ...flags, "--list-methods", url);
  const pinged = await buf("curl", ...flags, "-d", "{}", `${url}/${StatusService.typeName}/Ping`);
  const alpha = await buf(
    "curl",
    ...flags,
    "--reflect-protocol",
    "grpc-v1alpha",
    "-d",
    '{"email":"a@b.c","password":"right"}',
    `${url}/barong.identity.v1.SessionService/CreateSession`,
  );

  expect(listed).toContain("barong.identity.v1.UserService/CreateUser");
  expect(listed).toContain("grpc.health.v1.Health/Check");
  expect(JSON.parse(pinged)).toEqual({ ping: "pong" });
  expect(JSON.parse(alpha)).toMatchObject({ user: { email: "a@b.c" } });
}, 60_000);

test("a port that is taken is named in one line", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await sleep(20);
  const address = taken.address();
  const port = typeof address === "object" && address ? address.port : 0;
  try {
    await expect(openTestDoors({ settings: { httpPort: port } })).rejects.toThrow(
      /HTTP_PORT.*another program/,
    );
    await expect(openTestDoors({ settings: { grpcPort: port } })).rejects.toThrow(
      /GRPC_PORT.*another program/,
    );
  } finally {
    taken.close();
  }
});

const buf = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)("node_modules/.bin/buf", args, { timeout: 30_000 })).stdout;

/** Statuses that a watch tells, up to `count` of them. */
function watch(port: number, service: string, count: number) {
  const { client } = grpcClient(port);
  const { watch: method } = Health.method;
  const stream = client.makeServerStreamRequest(
    pathOf(method),
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => fromBinary(method.output, bytes),
    Buffer.from(toBinary(method.input, create(method.input, { service }))),
  );
  const statuses: number[] = [];
  const first = new Promise<void>((resolve) => stream.once("data", () => resolve()));
  const seen = new Promise<number[]>((resolve) => {
    stream.on("data", ({ status }: { status: number }) => {
      statuses.push(status);
      if (statuses.length === count) {
        resolve(statuses);
        stream.cancel();
      }
    });
    stream.on("error", () => resolve(statuses));
  });
  return { first, seen };
}
