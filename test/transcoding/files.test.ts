import { once } from "node:events";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { create, type Message } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { TranscodingError } from "../../src/transcoding/error.js";
import type { ArrivingFile } from "../../src/transcoding/options.js";
import type { RestCall } from "../../src/transcoding/rest-call.js";
import { ruleOf, upload, uploadedFile } from "./schema.js";
import { type Served, serve, type TestRoute } from "./server.js";

const form = { "content-type": "multipart/form-data; boundary=X" };
const MEBIBYTE = 1024 * 1024;

const field = (name: string, text: string) =>
  `--X\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
const headOf = (name: string, filename = 'filename="f.png"', type = "image/png") =>
  `--X\r\ncontent-disposition: form-data; name="${name}"; ${filename}\r\ncontent-type: ${type}\r\n\r\n`;
const file = (name: string, content: string, filename?: string, type?: string) =>
  `${headOf(name, filename, type)}${content}\r\n`;
const end = "--X--\r\n";

interface Received {
  readonly file: ArrivingFile;
  readonly message: Message;
  bytes: number;
  failure?: unknown;
}

type Reader = (data: AsyncIterable<Buffer>, received: Received) => Promise<void>;

const readAll: Reader = async (data, received) => {
  for await (const piece of data) received.bytes += piece.length;
};

/** A host that receives files without keeping a byte of them, and the messages that its method was called with. */
async function host(read: Reader = readAll, more: Parameters<typeof serve>[1] = {}) {
  const received: Received[] = [];
  const requests: Record<string, unknown>[] = [];
  const failures: unknown[] = [];
  const route: TestRoute = {
    rule: ruleOf("POST", "/a", { body: "*" }),
    input: upload,
    output: upload,
    invoke: async (call: RestCall) => {
      try {
        const { message, violations } = await call.read();
        requests.push(message as unknown as Record<string, unknown>);
        if (violations.length > 0) throw Object.assign(new Error(violations[0]?.description), { code: 3 });
      } catch (error) {
        failures.push(error);
        throw error;
      }
      return create(upload);
    },
  };
  const receiveFile = async (arriving: ArrivingFile): Promise<Message> => {
    const { filename, contentType } = arriving;
    const message = create(uploadedFile, { filename, contentType } as Record<string, unknown>);
    const each: Received = { file: arriving, message, bytes: 0 };
    received.push(each);
    try {
      await read(arriving.data, each);
    } catch (error) {
      each.failure = error;
      throw error;
    }
    return message;
  };
  const served = await serve([route], {
    receiveFile: (each) => (each.field.message === uploadedFile ? receiveFile(each) : undefined),
    ...more,
  });
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    served.send("POST", "/a", { headers: { ...form, ...headers }, body });
  return { served, post, received, requests, failures };
}

const summaryOf = ({ file: { field, index, filename, contentType }, bytes }: Received) =>
  `${field.name} ${index} ${filename} ${contentType} ${bytes}`;

describe("files of a form that a host receives", () => {
  test("come before or after the fields, in the order in which they were sent", async () => {
    const { post, received, requests } = await host();

    const answer = await post(
      file("files[]", "one") + file("file", "single") + field("f_string", "é") + file("files", "three") + end,
    );

    expect(answer.status).toBe(200);
    expect(received.map(summaryOf)).toEqual([
      "files 0 f.png image/png 3",
      "file 0 f.png image/png 6",
      "files 1 f.png image/png 5",
    ]);
    expect(requests[0]).toMatchObject({ fString: "é" });
  });

  test("are found in the request as the very messages that the host made of them", async () => {
    const { served, post, received, requests } = await host();

    await post(
      file("files[]", "1") + file("file", "2") + field("f_string", "x") + file("files[]", "3") + end,
    );
    await served.send("POST", "/a?f_string=y", {
      headers: form,
      body: file("files", "4") + end,
    });

    const [first, single, second, third] = received.map(({ message }) => message);
    const filesOf = (request: Record<string, unknown> | undefined) => request?.files as Message[];
    expect(filesOf(requests[0])[0]).toBe(first);
    expect(filesOf(requests[0])[1]).toBe(second);
    expect(requests[0]?.file).toBe(single);
    expect(filesOf(requests[1])[0]).toBe(third);
  });

  test("know the call to which they belong", async () => {
    const { post, received } = await host();

    await post(file("file", "x") + end, { "x-mine": "7" });

    expect(received[0]?.file.call.requestHeader.get("x-mine")).toBe("7");
    expect(received[0]?.file.call.method.input.typeName).toBe(upload.typeName);
  });

  test("may be empty", async () => {
    const { post, received } = await host();

    expect((await post(file("file", "") + end)).status).toBe(200);
    expect(received.map(summaryOf)).toEqual(["file 0 f.png image/png 0"]);
  });

  test("may be compressed with the form", async () => {
    const { post, received } = await host();
    const body = gzipSync(file("file", "y".repeat(300_000)) + end);

    expect((await post(body, { "content-encoding": "gzip" })).status).toBe(200);
    expect(received[0]?.bytes).toBe(300_000);
  });

  test.each([
    ['filename="pass port.png"', "pass port.png"],
    ['filename="Паспорт.png"', "Паспорт.png"],
    ["filename*=UTF-8''na%C3%AFve%20file.png", "naïve file.png"],
    // RFC 7578 knows the plain name alone.
    [`filename="plain.png"; filename*=UTF-8''na%C3%AFve.png`, "plain.png"],
    ['filename="a\\"b.png"', 'a"b.png'],
    ['filename="a%22b.png"', 'a"b.png'],
    ["filename=bare.png", "bare.png"],
    ['filename="../../etc/passwd"', "passwd"],
    ['filename="C:\\photos\\me.png"', "me.png"],
    ['filename="a;b.png"', "a;b.png"],
    ['filename="a\u0001\u007fb.png"', "ab.png"],
    ['filename="a/.."', ""],
    ['filename="folder/"', ""],
  ])("with %s have a name without folders", async (sent, name) => {
    const { post, received } = await host();

    const answer = await post(file("file", "x", sent) + end);

    expect(answer.status).toBe(200);
    expect(received.map(({ file: { filename } }) => filename)).toEqual([name]);
  });

  test("have the type that the client says, which may be none", async () => {
    const { post, received } = await host();
    const untyped = '--X\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n';

    await post(untyped + file("files", "x", undefined, "Image/JPEG; q=1") + end);

    expect(received.map(({ file: { contentType } }) => contentType)).toEqual(["text/plain", "image/jpeg"]);
  });

  test("are none when their name is empty: a plain field, or a file input in which nothing was chosen", async () => {
    const { post, received, requests } = await host();
    const nameless = 'filename=""';

    const answer = await post(
      file("f_string", "text", nameless) +
        file("files[]", "", nameless) +
        file("http_body", "", nameless) +
        end,
    );
    const withContent = await post(file("file", "x", nameless) + end);

    expect(answer.status).toBe(200);
    expect(received).toEqual([]);
    expect(requests[0]).toMatchObject({ fString: "text", files: [] });
    expect(requests[0]).not.toHaveProperty("httpBody");
    expect(withContent.status).toBe(400);
  });

  test("are offered for messages alone; the others go where files go without a host", async () => {
    const { post, received, requests } = await host();

    const answer = await post(file("http_body", "abc") + file("more", "de") + file("files", "f") + end);

    expect(answer.status).toBe(200);
    expect(received.map(summaryOf)).toEqual(["files 0 f.png image/png 1"]);
    expect(requests[0]).toMatchObject({
      httpBody: { contentType: "image/png", data: Buffer.from("abc") },
      more: [Buffer.from("de")],
    });
  });

  test("that nobody wants are refused where there is a field, and ignored where there is none", async () => {
    const { post, received } = await host(readAll, { receiveFile: () => undefined });

    expect((await post(file("file", "x") + end)).status).toBe(400);
    expect((await post(file("f_string", "x") + end)).status).toBe(400);
    expect((await post(file("files[0]", "x") + end)).status).toBe(400);
    expect((await post(file("files.data", "x") + end)).status).toBe(400);
    expect((await post(file("nope", "x") + end)).status).toBe(200);
    expect(received).toEqual([]);
  });

  test("are refused when there are two for one place, and the second is not received", async () => {
    const { post, received } = await host();

    const answer = await post(file("file", "1") + file("file", "2") + end);

    expect(answer.status).toBe(400);
    expect(received.map(summaryOf)).toEqual(["file 0 f.png image/png 1"]);
  });

  test.each<[string, Reader]>([
    ["not at all", async () => {}],
    [
      "in part",
      async (data, received) => {
        for await (const piece of data) {
          received.bytes += piece.length;
          break;
        }
      },
    ],
    [
      "by a step that nobody waits for",
      async (data) => {
        void data[Symbol.asyncIterator]().next();
      },
    ],
  ])("that the host reads %s are skipped, and the rest of the form is read", async (_, read) => {
    const { post, received, requests } = await host(read);
    const content = "z".repeat(400_000);

    const answer = await post(
      file("files", content) + file("files", content) + field("f_string", "after") + end,
    );

    expect(answer.status).toBe(200);
    expect(received).toHaveLength(2);
    expect(requests[0]).toMatchObject({ fString: "after", files: [{}, {}] });
  });

  test("that the host refuses end the call, and the client hears why", async () => {
    const refuse: Reader = async () => {
      throw Object.assign(new Error("the disk is full"), { code: 14 });
    };
    const { post } = await host(refuse);

    const answer = await post(file("files", "x".repeat(300_000)) + end);

    expect(answer.status).toBe(503);
  });
});

describe("the bounds of a form", () => {
  const bounds = (bytes: number) => ({ limits: { bodyBytes: 1000 }, formBytes: () => bytes });

  test("with files are its own", async () => {
    const { post, received } = await host(readAll, bounds(200_000));

    expect((await post(file("files", "x".repeat(150_000)) + end)).status).toBe(200);
    expect((await post(file("files", "x".repeat(200_000)) + end)).status).toBe(413);
    expect(received).toHaveLength(1);
  });

  test("hold also for a form of unknown length, whose receiver hears of it", async () => {
    const { served, received } = await host(readAll, bounds(200_000));
    const { sent, answer } = start(served, {});

    sent.write(headOf("files"));
    sent.write("x".repeat(300_000));

    expect((await answer).statusCode).toBe(413);
    expect(received[0]?.failure).toMatchObject({ kind: "body_too_large" });
    sent.destroy();
  });

  test("leave what is held in memory under the ordinary limit", async () => {
    const { post } = await host(readAll, bounds(200_000));
    const long = "x".repeat(600);

    expect((await post(field("f_string", long) + file("files", long.repeat(9)) + end)).status).toBe(200);
    expect((await post(field("f_string", long) + field("nope", long) + end)).status).toBe(413);
    expect((await post(file("more", long) + file("files", "x") + field("f_string", long) + end)).status).toBe(
      413,
    );
  });

  test("do not hold in memory what no field takes", async () => {
    const { post } = await host(readAll, bounds(200_000));

    expect((await post(file("nope", "x".repeat(50_000)) + end)).status).toBe(200);
    expect((await post(file("f_string", "x".repeat(50_000)) + end)).status).toBe(400);
  });

  test("may be raised for the bodies of one method", async () => {
    const body = JSON.stringify({ fString: "x".repeat(3000) });
    const json = { headers: { "content-type": "application/json" }, body };
    const { served } = await host(readAll, {
      limits: { bodyBytes: 1000 },
      bodyBytes: ({ name }) => (name === "Call0" ? 5000 : undefined),
    });
    const { served: another } = await host(readAll, {
      limits: { bodyBytes: 1000 },
      bodyBytes: () => undefined,
    });

    expect((await served.send("POST", "/a", json)).status).toBe(200);
    expect((await another.send("POST", "/a", json)).status).toBe(413);
  });
});

describe("while a file arrives", () => {
  test("its receiver has the beginning before the end was sent", async () => {
    const { served, received } = await host();
    const { sent, answer } = start(served);

    sent.write(headOf("file"));
    sent.write("first");
    await until(() => received[0]?.bytes === 5);
    sent.end(`\r\n${end}`);

    expect((await answer).statusCode).toBe(200);
  });

  test("a slow receiver slows the client down", async () => {
    const gate = newGate();
    const { served, received } = await host(
      async (data, each) => {
        await gate.opened;
        await readAll(data, each);
      },
      { formBytes: () => 64 * MEBIBYTE },
    );
    const { sent, answer } = start(served);
    const piece = Buffer.alloc(MEBIBYTE, "x");
    let written = 0;
    const writing = (async () => {
      sent.write(headOf("file"));
      for (; written < 32; written++) if (!sent.write(piece)) await once(sent, "drain");
      sent.end(`\r\n${end}`);
    })();

    await until(() => received.length === 1);
    await sleep(300);
    const writtenMeanwhile = written;
    gate.open();
    await writing;

    // What is under way lies in the buffers of the two sockets.
    expect(writtenMeanwhile).toBeLessThan(16);
    expect((await answer).statusCode).toBe(200);
    expect(received[0]?.bytes).toBe(32 * MEBIBYTE);
  });

  test("a hundred mebibytes are never in memory together", async () => {
    const { served, received } = await host(readAll, { formBytes: () => 101 * MEBIBYTE });
    const { sent, answer } = start(served);
    const piece = Buffer.alloc(MEBIBYTE, "x");
    const collect = garbageCollector();
    collect();
    const before = process.memoryUsage();
    let most = 0;
    let mostResident = 0;

    sent.write(headOf("file"));
    for (let written = 0; written < 100; written++) {
      if (!sent.write(piece)) await once(sent, "drain");
      if (written % 4 !== 0) continue;
      collect();
      const { arrayBuffers, rss } = process.memoryUsage();
      most = Math.max(most, arrayBuffers - before.arrayBuffers);
      mostResident = Math.max(mostResident, rss - before.rss);
    }
    sent.end(`\r\n${end}`);

    expect((await answer).statusCode).toBe(200);
    expect(received[0]?.bytes).toBe(100 * MEBIBYTE);
    expect(most).toBeLessThan(20 * MEBIBYTE);
    expect(mostResident).toBeLessThan(40 * MEBIBYTE);
  });

  test("a client that goes away fails the receiver and the call", async () => {
    const { served, received, failures } = await host();
    const { sent, answer } = start(served);
    answer.catch(() => {});

    sent.write(headOf("file"));
    sent.write("x".repeat(100_000));
    await until(() => (received[0]?.bytes ?? 0) > 0);
    sent.destroy();

    await until(() => failures.length > 0);
    expect(received[0]?.failure).toMatchObject({ kind: "aborted" });
    expect(failures[0]).toMatchObject({ kind: "aborted" });
  });

  test("a client that goes away while the receiver is busy fails it when it goes on", async () => {
    const gate = newGate();
    const { served, received, failures } = await host(async (data, each) => {
      await gate.opened;
      await readAll(data, each);
    });
    const { sent, answer } = start(served);
    answer.catch(() => {});

    sent.write(headOf("file"));
    sent.write("x".repeat(500_000));
    await until(() => received.length === 1);
    sent.destroy();
    await sleep(50);
    gate.open();

    await until(() => failures.length > 0);
    expect(received[0]?.failure).toMatchObject({ kind: "aborted" });
  });

  test("a receiver that swallows the failure does not make a request of half a form", async () => {
    const { served, requests, failures, received } = await host(async (data, each) => {
      await readAll(data, each).catch(() => {});
    });
    const { sent, answer } = start(served);
    answer.catch(() => {});

    sent.write(headOf("file"));
    sent.write("x");
    await until(() => (received[0]?.bytes ?? 0) > 0);
    sent.destroy();

    await until(() => failures.length > 0);
    expect(requests).toEqual([]);
    expect(failures[0]).toBeInstanceOf(TranscodingError);
  });

  test.each([
    ["cut in the file", headOf("file") + "x".repeat(50)],
    ["cut in a file that fits into one packet with another", `${file("files", "x") + headOf("files")}y`],
    ["cut behind the file", file("file", "x")],
  ])("a form %s is malformed", async (_, body) => {
    const { post, requests } = await host();

    expect((await post(body)).status).toBe(400);
    expect(requests).toEqual([]);
  });

  test("a malformed form fails the receiver that waits for the rest", async () => {
    const { served, received } = await host();
    const { sent, answer } = start(served);

    sent.write(headOf("file"));
    sent.write("half");
    await until(() => received.length === 1);
    sent.end();

    expect((await answer).statusCode).toBe(400);
    expect(received[0]?.failure).toMatchObject({ kind: "malformed_body" });
  });
});

function start({ port }: Served, headers: Record<string, string> = {}) {
  const sent = request({
    port,
    host: "127.0.0.1",
    method: "POST",
    path: "/a",
    headers: { ...form, ...headers },
  });
  sent.on("error", () => {});
  onTestFinished(() => {
    sent.destroy();
  });
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

function newGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Runs the collector at once: only what somebody still holds counts. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (isTrue()) return;
    await sleep(10);
  }
  throw new Error("it did not happen within five seconds");
}
