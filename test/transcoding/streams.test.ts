import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { create, type Message } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type HttpBody, HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import { TranscodingError } from "../../src/transcoding/error.js";
import type { RestCall } from "../../src/transcoding/rest-call.js";
import { InvalidFields } from "../../src/transcoding/violations.js";
import { ruleOf, sample, upload } from "./schema.js";
import { type Served, serve, type TestRoute } from "./server.js";

const json = { "content-type": "application/json" };
const lines = { "content-type": "application/x-ndjson" };

describe("a stream of responses", () => {
  const streaming = (invoke: NonNullable<TestRoute["invoke"]>): TestRoute => ({
    rule: ruleOf("GET", "/s", { responseBody: "f_string" }),
    serverStreaming: true,
    invoke,
  });
  const say = (text: string) => ({ ...create(sample), fString: text }) as Message;

  test("is a JSON line for each message", async () => {
    const { send } = await serve([
      streaming(async function* () {
        yield say("a");
        yield say("b");
      }),
    ]);

    const answer = await send("GET", "/s");

    expect(answer.headers["content-type"]).toBe("application/x-ndjson");
    expect(answer.text).toBe('"a"\n"b"\n');
  });

  test("that breaks ends with a line which says so", async () => {
    const route = streaming(async function* () {
      yield say("a");
      throw Object.assign(new Error("gone"), { code: 14 });
    });
    const byDefault = await serve([route]);
    const byHost = await serve([route], { writeStreamFailure: (error) => JSON.stringify([String(error)]) });

    expect((await byDefault.send("GET", "/s")).text).toBe(
      '"a"\n{"error":{"code":14,"message":"gone","details":[]}}\n',
    );
    expect((await byHost.send("GET", "/s")).text).toBe('"a"\n["Error: gone"]\n');
  });

  test("that breaks before its first message has a status", async () => {
    const { send } = await serve([
      // biome-ignore lint/correctness/useYield: it fails before it could.
      streaming(async function* () {
        throw Object.assign(new Error("no"), { code: 7 });
      }),
    ]);

    expect((await send("GET", "/s")).status).toBe(403);
  });

  test("ends when the client goes away, and the method is told", async () => {
    let told: unknown;
    let ended = false;
    const { port } = await serve([
      streaming(async function* ({ signal }) {
        signal.addEventListener("abort", () => {
          told = signal.reason;
        });
        try {
          while (!signal.aborted) {
            yield say("x".repeat(1000));
            await sleep(1);
          }
        } finally {
          ended = true;
        }
      }),
    ]);

    const client = connect(port, "127.0.0.1", () => client.write("GET /s HTTP/1.1\r\nhost: a\r\n\r\n"));
    await once(client, "data");
    client.destroy();

    await until(() => ended);
    expect(told).toBeInstanceOf(Error);
  });

  test("of google.api.HttpBody is sent as it is", async () => {
    const piece = (text: string) =>
      create(HttpBodySchema, { contentType: "text/csv", data: Buffer.from(text) });
    const { send } = await serve([
      {
        rule: ruleOf("GET", "/s"),
        output: HttpBodySchema,
        serverStreaming: true,
        invoke: async function* () {
          yield piece("a,b\n");
          yield piece("1,2\n");
        },
      },
    ]);

    const answer = await send("GET", "/s");

    expect(answer.headers["content-type"]).toBe("text/csv");
    expect(answer.text).toBe("a,b\n1,2\n");
    expect((await send("HEAD", "/s")).headers["content-type"]).toBe("text/csv");
  });

  test("of google.api.HttpBody breaks off when it fails, without a word among the bytes", async () => {
    const { send } = await serve([
      {
        rule: ruleOf("GET", "/s"),
        output: HttpBodySchema,
        serverStreaming: true,
        invoke: async function* () {
          yield create(HttpBodySchema, { contentType: "text/csv", data: Buffer.from("a,b\n") });
          throw new Error("the disk is gone");
        },
      },
    ]);

    await expect(send("GET", "/s")).rejects.toThrow();
  });
});

describe("a stream of requests", () => {
  /** Collects what arrives and answers how much it was. */
  function collecting(rule: TestRoute["rule"], input = sample) {
    const received: Record<string, unknown>[] = [];
    const failures: unknown[] = [];
    const invoke = async (call: RestCall) => {
      try {
        for await (const message of call.readStream()) received.push({ ...message });
      } catch (error) {
        failures.push(error);
        throw error;
      }
      return { ...create(sample), fInt32: received.length } as Message;
    };
    const route: TestRoute = { rule: rule ?? {}, input, clientStreaming: true, invoke };
    return { route, received, failures };
  }
  const dataOf = (received: Record<string, unknown>[]) =>
    received
      .map(({ httpBody }) => Buffer.from((httpBody as HttpBody | undefined)?.data ?? []).toString())
      .join("");

  test("can be JSON lines, each with the parameters of the path", async () => {
    const { route, received } = collecting(ruleOf("POST", "/u/{f_string}", { body: "*" }));
    const { send } = await serve([route]);

    const answer = await send("POST", "/u/p", { headers: lines, body: '{"fInt32":1}\n\n{"fInt32":2}' });

    expect(answer.json).toMatchObject({ f_int32: 2 });
    expect(received).toMatchObject([
      { fString: "p", fInt32: 1 },
      { fString: "p", fInt32: 2 },
    ]);
  });

  test("can be one JSON object or a list of them", async () => {
    const { route } = collecting(ruleOf("POST", "/u", { body: "*" }));
    const { send } = await serve([route]);

    expect((await send("POST", "/u", { headers: json, body: "{}" })).json).toMatchObject({ f_int32: 1 });
    expect((await send("POST", "/u", { headers: json, body: "[{},{}]" })).json).toMatchObject({ f_int32: 3 });
    expect((await send("POST", "/u", { headers: json, body: "[1]" })).status).toBe(400);
    expect((await send("POST", "/u", { headers: lines, body: '{"fInt32":"x"}' })).status).toBe(400);
  });

  test("that is an upload comes in pieces, the first with the parameters", async () => {
    const { route, received } = collecting(ruleOf("POST", "/u/{f_string}", { body: "http_body" }), upload);
    const { send } = await serve([route]);
    const body = "x".repeat(300_000);

    const answer = await send("POST", "/u/p", { headers: { "content-type": "image/png" }, body });

    expect(answer.status).toBe(200);
    expect(received[0]).toMatchObject({ fString: "p", httpBody: { contentType: "image/png" } });
    expect(received.length).toBeGreaterThan(1);
    expect(dataOf(received)).toBe(body);
  });

  test("can be the file of a form", async () => {
    const { route, received } = collecting(ruleOf("POST", "/u", { body: "*" }), upload);
    const { send } = await serve([route]);
    const content = "y".repeat(200_000);
    const body =
      '--X\r\ncontent-disposition: form-data; name="f_string"\r\n\r\nname\r\n' +
      '--X\r\ncontent-disposition: form-data; name="http_body"; filename="a"\r\ncontent-type: text/css\r\n\r\n' +
      `${content}\r\n--X--\r\n`;

    const answer = await send("POST", "/u", {
      headers: { "content-type": "multipart/form-data; boundary=X" },
      body,
    });

    expect(answer.status).toBe(200);
    expect(received[0]).toMatchObject({ fString: "name", httpBody: { contentType: "text/css" } });
    expect(dataOf(received)).toBe(content);
  });

  test("may be slow", async () => {
    const { route, received } = collecting(ruleOf("POST", "/u", { body: "*" }), HttpBodySchema);
    const served = await serve([route]);
    const { sent, answer } = start(served, "/u", { "content-type": "text/plain" });

    for (const piece of ["a", "b", "c"]) {
      sent.write(piece);
      await until(() => received.some(({ data }) => Buffer.from(data as Uint8Array).toString() === piece));
    }
    sent.end();

    expect((await answer).statusCode).toBe(200);
  });

  test.each([
    ["text/plain", "abc"],
    [
      "multipart/form-data; boundary=X",
      '--X\r\ncontent-disposition: form-data; name="d"; filename="a"\r\n\r\nab',
    ],
    ["application/x-ndjson", '{"data":""}\n{'],
  ])("of %s that is broken off fails in the method too", async (type, body) => {
    const { route, received, failures } = collecting(ruleOf("POST", "/u", { body: "*" }), HttpBodySchema);
    const served = await serve([route]);
    const { sent, answer } = start(served, "/u", { "content-type": type });
    answer.catch(() => {});

    sent.write(body);
    await until(() => received.length > 0 || type.startsWith("multipart"));
    await sleep(20);
    sent.destroy();

    await until(() => failures.length > 0);
    expect(failures[0]).toMatchObject({ kind: "aborted" });
  });

  test("is bounded like any body", async () => {
    const { route } = collecting(ruleOf("POST", "/u", { body: "*" }), HttpBodySchema);
    const served = await serve([route], { limits: { bodyBytes: 1000 } });
    const { sent, answer } = start(served, "/u", { "content-type": "text/plain" });

    sent.write("x".repeat(2000));

    expect((await answer).statusCode).toBe(413);
    sent.destroy();
  });

  test("can be left in the middle, and the client hears it", async () => {
    const route: TestRoute = {
      rule: ruleOf("POST", "/u", { body: "*" }),
      input: HttpBodySchema,
      clientStreaming: true,
      invoke: async (call) => {
        for await (const _ of call.readStream()) break;
        throw Object.assign(new Error("enough"), { code: 8 });
      },
    };
    const served = await serve([route]);

    for (const [type, body] of [
      ["text/plain", "abc"],
      [
        "multipart/form-data; boundary=X",
        `--X\r\ncontent-disposition: form-data; name="d"; filename="a"\r\n\r\n${"a".repeat(99)}`,
      ],
    ] as const) {
      const { sent, answer } = start(served, "/u", { "content-type": type });
      sent.write(body);
      expect((await answer).statusCode).toBe(429);
      sent.end();
    }
  });

  test("with wrong parameters is refused", async () => {
    const { route, failures } = collecting(ruleOf("POST", "/u", { body: "http_body" }), upload);
    const { send } = await serve([route]);

    const answer = await send("POST", "/u?more=!", { headers: { "content-type": "text/plain" }, body: "x" });

    expect(answer.status).toBe(400);
    expect(failures[0]).toBeInstanceOf(InvalidFields);
  });
});

describe("a body", () => {
  const refuse = async (): Promise<Message> => {
    throw Object.assign(new Error("who are you?"), { code: 16 });
  };

  test("is not read when the caller is refused first", async () => {
    const served = await serve([{ rule: ruleOf("POST", "/a", { body: "*" }), invoke: refuse }]);
    const { sent, answer } = start(served, "/a", json);

    sent.write('{"f');

    expect((await answer).statusCode).toBe(401);
    sent.destroy();
  });

  test("that is announced too large is refused at once", async () => {
    const served = await serve([{ rule: ruleOf("POST", "/a", { body: "*" }) }], {
      limits: { bodyBytes: 100 },
    });
    const { sent, answer } = start(served, "/a", { ...json, "content-length": "101" });
    sent.flushHeaders();

    expect((await answer).statusCode).toBe(413);
    sent.destroy();
  });

  test("that is broken off never becomes a message", async () => {
    const kinds: string[] = [];
    const route: TestRoute = {
      rule: ruleOf("POST", "/a", { body: "*" }),
      invoke: async (call) => {
        try {
          return (await call.read()).message;
        } catch (error) {
          if (error instanceof TranscodingError) kinds.push(error.kind);
          throw error;
        }
      },
    };
    const served = await serve([route]);
    const { sent, answer } = start(served, "/a", { ...json, "content-length": "10" });
    answer.catch(() => {});

    sent.write("{}");
    await sleep(20);
    sent.destroy();

    await until(() => kinds.length > 0);
    expect(kinds).toEqual(["aborted"]);
  });

  test("of any type and size is ignored where the rule has none, and the connection lives on", async () => {
    const { app, port } = await serve([{ rule: ruleOf("POST", "/a") }], {
      limits: { discardBytes: 1_000_000, bodyBytes: 10 },
    });
    let connections = 0;
    app.server.on("connection", () => connections++);
    const client = connect(port, "127.0.0.1");
    let heard = "";
    client.on("data", (piece) => {
      heard += piece;
    });
    const body = "x".repeat(500_000);
    const call = `POST /a HTTP/1.1\r\nhost: a\r\ncontent-type: foo/bar\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

    client.write(call);
    client.write(call);
    await until(() => heard.split("HTTP/1.1 200 OK").length === 3);

    expect(connections).toBe(1);
    client.destroy();
  });

  test("beyond all bounds costs the connection", async () => {
    const { port } = await serve([{ rule: ruleOf("POST", "/a") }], { limits: { discardBytes: 1000 } });
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    let heard = "";
    client.on("data", (piece) => {
      heard += piece;
    });

    client.write("POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n");
    await until(() => heard.includes("200 OK"));
    client.write("x".repeat(500_000));

    await new Promise((resolve) => client.on("close", resolve));
  });
});

function start({ port }: Served, path: string, headers: Record<string, string>) {
  const sent = request({ port, host: "127.0.0.1", method: "POST", path, headers });
  const answer = new Promise<{ statusCode?: number | undefined }>((resolve, reject) => {
    sent.on("response", (response) => {
      response.resume();
      response.on("error", () => {});
      resolve(response);
    });
    sent.on("error", reject);
  });
  return { sent, answer };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (isTrue()) return;
    await sleep(10);
  }
  throw new Error("it did not happen within three seconds");
}
