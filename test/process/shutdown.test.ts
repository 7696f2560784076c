import { Agent, request } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { behindProxy } from "../faults/proxied.js";
import { describeEachDatabase, testDatabases } from "../support/databases.js";
import { freshEmail } from "../support/rest.js";
import { PASSWORD } from "../support/start-app.js";
import { freshFolder, ServerBelowShell, ServerProcess } from "./server-process.js";

const OK = 0;
const UNAVAILABLE = 14;
/** What a late caller may meet: nobody listens, the connection was about to be accepted, or it still was. */
const REFUSALS = ["ECONNREFUSED", "ECONNRESET", 503];

describeEachDatabase("SIGTERM", (database) => {
  test("lets calls in flight end well, refuses new ones, and the process is gone in time", async () => {
    const fresh = await database.create();
    onTestFinished(fresh.drop);
    const process = new ServerProcess({
      DATABASE_URL: fresh.url,
      DATA_DIR: await freshFolder(),
      // Passwords are hashed one after the other, so that there is something in flight for a while.
      HASHING_CONCURRENCY: "1",
    });
    const { http, grpc } = await process.listening();
    const agent = new Agent({ keepAlive: true });
    const client = new Client(grpc, credentials.createInsecure());
    onTestFinished(() => {
      agent.destroy();
      client.close();
    });
    expect(await callByGrpc(client, StatusService.method.ping, {})).toBe(OK);

    const byRest = Array.from({ length: 8 }, () => signUpByRest(http, agent));
    const byGrpc = Array.from({ length: 8 }, () =>
      callByGrpc(client, UserService.method.createUser, { email: freshEmail(), password: PASSWORD }),
    );
    await Promise.race(byRest);
    const stopping = process.stop();
    await expect.poll(() => process.output).toContain("closing: calls in flight may end");
    const lateByRest = await signUpByRest(http, new Agent());
    const lateByGrpc = await callByGrpc(client, StatusService.method.ping, {});
    const { code, ms } = await stopping;

    expect(await Promise.all(byRest)).toEqual(Array(8).fill(201));
    expect(await Promise.all(byGrpc)).toEqual(Array(8).fill(OK));
    expect(REFUSALS).toContain(lateByRest);
    expect(lateByGrpc).toBe(UNAVAILABLE);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(10_000);
    expect(process.output).toMatch(/closed\s*$/);
  });
});

describe.each(testDatabases().filter(({ name }) => name === "mysql"))("SIGTERM", (kind) => {
  test("ends the process in time although its database has fallen silent", async () => {
    const database = behindProxy(kind);
    const fresh = await database.create();
    onTestFinished(fresh.drop);
    const process = new ServerProcess({
      DATABASE_URL: fresh.url,
      DATA_DIR: await freshFolder(),
      SHUTDOWN_SECONDS: "1",
    });
    const { http } = await process.listening();
    // Slow, so that the outbox is still at work when the sign-up is answered.
    database.proxy.latency = 50;
    expect(await signUpByRest(http, new Agent())).toBe(201);
    database.proxy.blackhole = true;

    const { code, ms } = await process.stop();

    expect(ms).toBeLessThan(4000);
    expect(code).toBe(1);
    expect(process.output).toContain("what had not ended is cut");
  });
});

/** The status, or the code of the network error. */
function signUpByRest(http: string, agent: Agent): Promise<number | string> {
  const form = new URLSearchParams({ email: freshEmail(), password: PASSWORD }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": form.length };
  return new Promise((resolve) => {
    const sent = request(`${http}/api/v2/identity/users`, { method: "POST", agent, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(form);
  });
}

type Method = typeof StatusService.method.ping | typeof UserService.method.createUser;

/** The status code. */
function callByGrpc(client: Client, method: Method, fields: Record<string, unknown>): Promise<number> {
  return new Promise((resolve) => {
    client
      .makeUnaryRequest(
        `/${method.parent.typeName}/${method.name}`,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(toBinary(method.input, create(method.input, fields))),
        new Metadata(),
        () => undefined,
      )
      .on("status", ({ code }) => resolve(code));
  });
}

test("a server that npm started ends with npm, also when npm's shell keeps the signal to itself", async () => {
  const below = new ServerBelowShell({ DATA_DIR: await freshFolder() });
  const { http } = await below.listening();

  below.child.kill("SIGTERM");

  const isGone = () =>
    fetch(`${http}/healthz`).then(
      () => false,
      () => true,
    );
  await expect.poll(isGone, { timeout: 10_000, interval: 50 }).toBe(true);
});
