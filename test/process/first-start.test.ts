import { readdirSync, statSync } from "node:fs";
import { Agent, get } from "node:http";
import { connect } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { post } from "../support/rest.js";
import { freshFolder, type Listening, ServerProcess } from "./server-process.js";

const signIn = (server: Listening, email: string, password: string) =>
  post(server, "/identity/sessions", { email, password });

test("the first start tells where to go and a password that signs in; the second start keeps it to itself", async () => {
  const folder = join(await freshFolder(), "data");
  const [httpPort, grpcPort] = [await freePort(), await freePort()];

  const first = new ServerProcess({ DATA_DIR: folder, HTTP_PORT: httpPort, GRPC_PORT: grpcPort });
  const server = await first.listening();
  expect(server).toEqual({ http: `http://127.0.0.1:${httpPort}`, grpc: `127.0.0.1:${grpcPort}` });
  expect(first.output).toContain(`http://localhost:${httpPort}/dev/mailbox`);
  expect(first.output).toContain(folder);
  const [, email = ""] = /Administrator +(\S+)/.exec(first.output) ?? [];
  const [, password = ""] = /Password +(\S+)/.exec(first.output) ?? [];
  expect(email).toBe("admin@barong.io");
  expect(password).toMatch(/^[A-Za-z0-9]{20}$/);
  expect(await signIn(server, email, password)).toMatchObject({
    status: 201,
    body: { role: "admin", level: 3 },
  });
  const idle = await idleConnections(server);
  const stopped = await first.stop();
  idle.close();

  const second = new ServerProcess({ DATA_DIR: folder });
  const again = await second.listening();
  expect(second.output).toContain(`${email} (made at the first start)`);
  expect(second.output).not.toMatch(/^ *Password/m);
  expect(second.output).not.toContain(password);
  expect((await signIn(again, email, password)).status).toBe(201);

  expect(stopped.code).toBe(0);
  // Connections on which nothing happens hold nobody up.
  expect(stopped.ms).toBeLessThan(3000);
  expect(modeOf(folder)).toBe("700");
  const files = readdirSync(folder);
  expect(files).toEqual(expect.arrayContaining(["barong.db", "jwt-rs256.pem", "secrets.keys"]));
  const closed = files.map((name) => [name, name === "documents" ? "700" : "600"]);
  expect(files.map((name) => [name, modeOf(join(folder, name))])).toEqual(closed);
});

test("address and password of the administrator, and the database, can be given", async () => {
  const folder = await freshFolder();
  const file = join(folder, "elsewhere", "accounts.db");
  const process = new ServerProcess({
    DATA_DIR: join(folder, "data"),
    DATABASE_URL: `sqlite:${file}`,
    ADMIN_EMAIL: "Root@Example.com",
    ADMIN_PASSWORD: "Gol4aid2rot",
  });

  const server = await process.listening();

  expect((await signIn(server, "root@example.com", "Gol4aid2rot")).status).toBe(201);
  expect((await signIn(server, "admin@barong.io", "Gol4aid2rot")).status).toBe(401);
  expect(process.output).toContain("as in ADMIN_PASSWORD");
  expect(process.output).not.toContain("Gol4aid2rot");
  expect(modeOf(file)).toBe("600");
  expect(readdirSync(join(folder, "data"))).not.toContain("barong.db");
});

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** A kept-alive HTTP connection and one of HTTP/2 to the gRPC port, as browsers and gateways leave them open. */
async function idleConnections({ http, grpc }: Listening) {
  const agent = new Agent({ keepAlive: true });
  await new Promise((resolve) => {
    get(`${http}/api/v2/identity/ping`, { agent }, (response) => response.resume().on("end", resolve));
  });
  const session = connect(`http://${grpc}`);
  session.on("error", () => undefined);
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  return {
    close() {
      agent.destroy();
      session.destroy();
    },
  };
}
