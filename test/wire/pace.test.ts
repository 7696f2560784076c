import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { keepPace, type Pace, refuseUnlessInPace } from "../../src/wire/pace.js";

const REQUEST_MS = 300;

/** A server that gives every request less than a second, and measures the bodies sent to `/files` by their pace. */
async function serverWith(pace: Pace) {
  const server = createServer({ connectionsCheckingInterval: 50 }, (request, response) => {
    if (request.url === "/files") keepPace(request, pace);
    request.on("error", () => {});
    request.resume().on("end", () => response.end("done"));
  });
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.on("clientError", refuseUnlessInPace);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A connection, and what was heard on it so far. */
function clientOf(port: number) {
  const socket = connect(port, "127.0.0.1");
  const client = { socket, heard: "", isClosed: false };
  socket.on("data", (piece) => {
    client.heard += piece;
  });
  socket.on("close", () => {
    client.isClosed = true;
  });
  socket.on("error", () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return client;
}

const headOf = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`;

async function sendSlowly({ socket }: ReturnType<typeof clientOf>, path: string): Promise<void> {
  const pieces = 15;
  socket.write(headOf(path, pieces));
  for (let sent = 0; sent < pieces; sent++) {
    await sleep(100);
    socket.write("x");
  }
}

test("a body in pace may take longer than the time of all other requests", async () => {
  const port = await serverWith({ milliseconds: 5000, bytes: 1 });
  const [files, plain] = [clientOf(port), clientOf(port)];

  await Promise.all([sendSlowly(files, "/files"), sendSlowly(plain, "/plain")]);

  await until(() => files.heard.includes("done") && plain.isClosed);
  expect(files.heard).toContain("HTTP/1.1 200 OK");
  expect(plain.heard).toContain("HTTP/1.1 408 Request Timeout");
});

test("a body that falls behind is refused like any late request, and cut", async () => {
  const port = await serverWith({ milliseconds: 2 * REQUEST_MS, bytes: 1000 });
  const client = clientOf(port);

  client.socket.write(`${headOf("/files", 5000)}a beginning`);

  await until(() => client.isClosed);
  expect(client.heard).toContain("HTTP/1.1 408 Request Timeout");
  expect(client.heard).toContain('{"errors":["server.deadline_exceeded"]}');
});

test("the next request of the connection has the time of all others again, and an idle connection is left alone", async () => {
  const port = await serverWith({ milliseconds: 200, bytes: 1000 });
  const client = clientOf(port);
  client.socket.write(`${headOf("/files", 3)}abc`);
  await until(() => client.heard.includes("done"));
  await sleep(500);
  const wasClosed = client.isClosed;

  client.socket.write(headOf("/plain", 5));

  await until(() => client.isClosed);
  expect(wasClosed).toBe(false);
  expect(client.heard).toContain("HTTP/1.1 408 Request Timeout");
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (isTrue()) return;
    await sleep(10);
  }
  throw new Error("it did not happen within ten seconds");
}
