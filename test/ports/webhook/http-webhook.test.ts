import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../scripts/services/programs.js";
import { systemClock } from "../../../src/platform/clock.js";
import { ChannelDown, DeliveryRefused } from "../../../src/ports/delivery.js";
import { createHttpWebhook } from "../../../src/ports/webhook/http-webhook.js";
import { selfMadeCertificate } from "../../support/certificate.js";
import { startWebhookTwin, WEBHOOK_SECRET } from "../../support/webhook-twin.js";

let twin: Awaited<ReturnType<typeof startWebhookTwin>>;
beforeAll(async () => {
  twin = await startWebhookTwin();
});
afterAll(() => twin.stop());

const request = { id: "one", body: JSON.stringify({ id: "one", type: "t", timestamp: "", data: {} }) };

const faultOf = (url: string, timeoutMs: number | undefined = 1000, secrets = [WEBHOOK_SECRET]) =>
  createHttpWebhook({ url, secrets, timeoutMs }, systemClock)
    .post(request)
    .then(
      () => undefined,
      (fault: unknown) => fault,
    );

/** The port of somebody who takes connections for this test. */
async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** What becomes of a request once it was read. */
const faultAfter = async (answer: (socket: Socket) => void): Promise<unknown> => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => answer(socket));
  });
  return faultOf(`http://127.0.0.1:${await portOf(server)}/hooks`);
};

test("who is slow is refused, and tried again", async () => {
  twin.behave({ kind: "is silent" });
  const slow = await faultOf(twin.address, 300);
  twin.behave({ kind: "works" });

  expect(slow).toBeInstanceOf(DeliveryRefused);
  expect(slow).toMatchObject({ message: "timeout", permanent: false });
  expect(await faultOf(twin.address)).toBeUndefined();
});

test("a receiver that has one of two secrets takes what is signed by both", async () => {
  const other = `whsec_${Buffer.from("two dozen bytes of mine.").toString("base64")}`;

  expect(await faultOf(twin.address, 1000, [other, WEBHOOK_SECRET])).toBeUndefined();
  expect(twin.faults).toEqual([]);
});

test.each([
  ["is reset", (socket: Socket) => socket.resetAndDestroy(), "ECONNRESET"],
  ["ends without an answer", (socket: Socket) => socket.end(), "UND_ERR_SOCKET"],
  ["answers something else than HTTP", (socket: Socket) => socket.end("no\r\n\r\n"), "HPE_INVALID_CONSTANT"],
  [
    "answers headers without an end",
    (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(100_000)}\r\n\r\n`),
    "UND_ERR_HEADERS_OVERFLOW",
  ],
])(
  "a connection that %s after the request is a matter of this request alone",
  async (_what, answer, code) => {
    const fault = await faultAfter(answer);

    expect(fault).toBeInstanceOf(DeliveryRefused);
    expect(fault).toMatchObject({ message: code, permanent: false });
  },
);

test("where nobody is, or nobody who can be trusted, it is nobody's fault that waits", async () => {
  const tls = createTlsServer(selfMadeCertificate(), (_request, response) => response.end());

  const faults = [
    await faultOf(`http://127.0.0.1:${await freePort()}/hooks`),
    await faultOf(`https://127.0.0.1:${await portOf(tls)}/hooks`),
    await faultOf(twin.address.replace("http:", "https:")),
  ];

  expect(faults).toEqual(
    ["ECONNREFUSED", "DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_SSL_WRONG_VERSION_NUMBER"].map(
      (code) => new ChannelDown(code),
    ),
  );
  expect(faults.every((fault) => fault instanceof ChannelDown)).toBe(true);
  expect(await faultOf("http://receiver.invalid/hooks", 10_000)).toBeInstanceOf(ChannelDown);
});

test("where connections are dropped without a word it is nobody's fault that waits, unless told otherwise", async () => {
  const port = await deafPort();

  const [fault, hasty] = await Promise.all([
    createHttpWebhook({ url: `http://127.0.0.1:${port}/`, secrets: [WEBHOOK_SECRET] }, systemClock)
      .post(request)
      .catch((caught: unknown) => caught),
    faultOf(`http://127.0.0.1:${port}/`, 500),
  ]);

  expect(fault).toEqual(new ChannelDown("UND_ERR_CONNECT_TIMEOUT"));
  expect(hasty).toMatchObject({ message: "timeout" });
});

test("an answer may say when to come back, in seconds or as a date", async () => {
  const retrySecondsOf = async (status: string, retryAfter?: string) => {
    const header = retryAfter === undefined ? "" : `retry-after: ${retryAfter}\r\n`;
    const fault = await faultAfter((socket) =>
      socket.end(`HTTP/1.1 ${status}\r\n${header}content-length: 0\r\n\r\n`),
    );
    expect(fault).toMatchObject({ message: `HTTP ${status.slice(0, 3)}`, permanent: false });
    return fault instanceof DeliveryRefused ? fault.retrySeconds : Number.NaN;
  };
  const inAMinute = new Date(systemClock().getTime() + 60_000).toUTCString();

  expect(await retrySecondsOf("429 Too Many Requests", "120")).toBe(120);
  const until = await retrySecondsOf("503 Service Unavailable", inAMinute);
  expect(until).toBeGreaterThan(50);
  expect(until).toBeLessThanOrEqual(60);
  expect(await retrySecondsOf("503 Service Unavailable")).toBeUndefined();
  for (const nothing of ["soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])
    expect(await retrySecondsOf("503 Service Unavailable", nothing)).toBeUndefined();
});

/** Of a program that is stopped, once as many wait for it as may: the system drops whoever asks next. */
async function deafPort(): Promise<number> {
  const program = `require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
    process.stdout.write(String(this.address().port));
  })`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const waiting: Socket[] = [];
  onTestFinished(() => {
    for (const socket of waiting) socket.destroy();
    child.kill("SIGKILL");
  });
  const [port] = await once(child.stdout, "data");
  child.kill("SIGSTOP");
  for (let isTaken = true; isTaken; ) {
    const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
    waiting.push(socket);
    isTaken = await Promise.race([
      once(socket, "connect").then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, 500, false)),
    ]);
  }
  return Number(port);
}
