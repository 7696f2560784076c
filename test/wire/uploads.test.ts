import { type EventEmitter, once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { type ClientRequest, request, Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Access } from "../../gen/barong/options/v1/options_pb.js";
import type { Call, FileContent, Handlers } from "../../src/platform/call.js";
import { Failure } from "../../src/platform/failure.js";
import { compileServices, IncompleteServices, serve } from "../../src/wire/services.js";
import { Spool } from "../../src/wire/uploads.js";
import { grpcClient } from "./clients.js";
import { everything, type FormField, formOf, serviceOf } from "./schema.js";
import { openTestDoors } from "./support.js";

const MEBIBYTE = 1024 * 1024;
const KIBIBYTE = 1024;

const field = (name: string, text: string) =>
  `--X\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
const headOf = (name: string, filename = "f.png") =>
  `--X\r\ncontent-disposition: form-data; name="${name}"; filename="${filename}"\r\ncontent-type: image/png\r\n\r\n`;
const file = (name: string, content: string, filename?: string) => `${headOf(name, filename)}${content}\r\n`;
const end = "--X--\r\n";

type File = Message & { readonly filename: string; readonly contentType: string; readonly data: Uint8Array };
interface Form extends Message {
  readonly note: string;
  readonly upload: readonly File[];
  readonly single?: File;
}
type Handle = (form: Form, call: Call) => Promise<void>;

const note: FormField = { name: "note", type: "text" };
const uploads = (maxBytes: number, maxFiles: number): FormField => ({
  name: "upload",
  type: "file",
  list: true,
  files: { maxBytes: BigInt(maxBytes), maxFiles },
});
const SMALL = formOf(note, uploads(100 * KIBIBYTE, 2), {
  name: "single",
  type: "file",
  files: { maxBytes: 10n, maxFiles: 1 },
});

interface Options {
  readonly input?: DescMessage;
  readonly access?: Access;
  readonly maxRequestBytes?: number;
}

/** Doors with methods that take forms at `/forms` and `/others`, and one at `/plain` that takes no files. */
async function doorsFor(
  handle: Handle = async () => {},
  { input = SMALL, access = Access.PUBLIC, maxRequestBytes = 0 }: Options = {},
) {
  const service = serviceOf({
    rules: { access, errorScope: "probe" },
    methods: [
      { name: "Send", input, post: "/forms", rules: { maxRequestBytes } },
      { name: "Other", input, post: "/others" },
      { name: "Plain", post: "/plain" },
    ],
  });
  const answer = async (form: unknown, call: Call) => {
    await handle(form as Form, call);
    return {};
  };
  const handlers = { send: answer, other: answer, plain: answer } as unknown as Handlers<typeof service>;
  const opened = await openTestDoors({ services: [serve(service, handlers)] });
  const [send, other] = service.methods;
  if (!send || !other) throw new Error("the test service was not built");
  return { ...opened, send, other };
}

/** What a method saw of a file. */
async function seenOf(upload: File, call: Call) {
  const content = call.contentOf(upload);
  const { filename, contentType, data } = upload;
  if (content === undefined) return { filename, content };
  const { bytes, isTooLarge } = content;
  const text = (await bytesOf(content.open())).toString();
  return { filename, contentType, inMemory: data.length, bytes, isTooLarge, text };
}

async function bytesOf(readable: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readable) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

describe("files of a form", () => {
  test("come first, several under `upload[]`, and the method reads them as often as it likes", async () => {
    const seen: unknown[] = [];
    const { url } = await doorsFor(async (form, call) => {
      seen.push(form.note, ...(await Promise.all(form.upload.map((each) => seenOf(each, call)))));
      seen.push(await seenOf(form.upload[0] as File, call));
    });

    const answer = await post(
      url,
      file("upload[]", "one", "a.png") + file("upload[]", "two", "b.png") + field("note", "é") + end,
    );

    const one = {
      filename: "a.png",
      contentType: "image/png",
      inMemory: 0,
      bytes: 3,
      isTooLarge: false,
      text: "one",
    };
    expect(answer.status).toBe(200);
    expect(seen).toEqual(["é", one, { ...one, filename: "b.png", text: "two" }, one]);
  });

  test("may be one under `upload`, or for a field that holds one", async () => {
    const seen: unknown[] = [];
    const { url } = await doorsFor(async (form, call) => {
      for (const each of [...form.upload, form.single as File]) seen.push(await seenOf(each, call));
    });

    await post(url, file("upload", "x") + file("single", "y") + end);

    expect(seen).toMatchObject([
      { bytes: 1, text: "x" },
      { bytes: 1, text: "y" },
    ]);
  });

  test("may be empty", async () => {
    const seen: unknown[] = [];
    const { url } = await doorsFor(async ({ upload }, call) => {
      seen.push(await seenOf(upload[0] as File, call));
    });

    await post(url, file("upload", "") + end);

    expect(seen).toMatchObject([{ bytes: 0, isTooLarge: false, text: "" }]);
  });

  test("that are as large as allowed are whole; larger ones are told as too large, and the rest of the form is read", async () => {
    const seen: FileContent[] = [];
    const notes: string[] = [];
    const { url } = await doorsFor(async (form, call) => {
      notes.push(form.note);
      for (const each of form.upload) seen.push(call.contentOf(each) as FileContent);
    });
    const most = "x".repeat(100 * KIBIBYTE);

    await post(url, file("upload[]", most) + file("upload[]", `${most}yyyyy`) + field("note", "after") + end);

    expect(seen).toMatchObject([
      { bytes: 100 * KIBIBYTE, isTooLarge: false },
      { bytes: 100 * KIBIBYTE + 1, isTooLarge: true },
    ]);
    expect(notes).toEqual(["after"]);
  });

  test("beyond those allowed are counted, but have no content", async () => {
    const seen: unknown[] = [];
    const { url } = await doorsFor(async ({ upload }, call) => {
      for (const each of upload) seen.push(call.contentOf(each)?.bytes);
    });
    const content = "x".repeat(100 * KIBIBYTE);

    const answer = await post(url, file("upload[]", content).repeat(3) + end);

    expect(answer.status).toBe(200);
    expect(seen).toEqual([102_400, 102_400, undefined]);
  });

  test("that together are longer than the method could ever take are refused by the door", async () => {
    const calls: string[] = [];
    const { url } = await doorsFor(async () => {
      calls.push("called");
    });

    const files = await post(url, file("upload[]", "x".repeat(100 * KIBIBYTE)).repeat(14) + end);
    const texts = await post(url, field("note", "x".repeat(MEBIBYTE + 1)) + end);

    expect([files.status, files.body]).toEqual([413, { errors: ["request.body_too_large"] }]);
    expect([texts.status, texts.body]).toEqual([413, { errors: ["request.body_too_large"] }]);
    expect(calls).toEqual([]);
  });

  test("are refused where the field takes none", async () => {
    const { url } = await doorsFor();

    const answer = await post(url, file("note", "x".repeat(10)) + end);

    expect([answer.status, answer.body]).toEqual([422, { errors: ["probe.invalid_note"] }]);
  });

  test("have no name on the disk, and no bytes in memory", async () => {
    const folder = await temporaryFolder();
    let names: string[] | undefined;
    const { url } = await doorsFor(async () => {
      names = readdirSync(folder);
    });

    expect((await post(url, file("upload", "secret") + end)).status).toBe(200);
    expect(names).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("stay readable when the client has gone, until the method has ended", async () => {
    const seen: unknown[] = [];
    let content: FileContent | undefined;
    const { url } = await doorsFor(async ({ upload }, call) => {
      content = call.contentOf(upload[0] as File);
      await once(call.signal, "abort");
      seen.push(await seenOf(upload[0] as File, call));
    });
    const sent = start(url);
    sent.end(file("upload", "kept") + end);
    await until(() => content !== undefined);

    sent.destroy();

    await until(() => seen.length === 1);
    expect(seen).toMatchObject([{ text: "kept" }]);
    await sleep(20);
    await expect(bytesOf((content as FileContent).open())).rejects.toThrow();
  });

  test("of a caller who is refused are not stored, and the caller hears why", async () => {
    const folder = await temporaryFolder();
    await rm(folder, { recursive: true });
    const { url } = await doorsFor(async () => {}, { access: Access.ACCOUNT });

    const answer = await post(url, file("upload[]", "x".repeat(100 * KIBIBYTE)).repeat(2) + end);

    expect([answer.status, answer.body]).toEqual([401, { errors: ["jwt.decode_and_verify"] }]);
  });

  test("that cannot be stored are answered as a dependency that is down", async () => {
    const folder = await temporaryFolder();
    await rm(folder, { recursive: true });
    const { url, lines } = await doorsFor();

    const answer = await post(url, file("upload[]", "x".repeat(90 * KIBIBYTE)).repeat(2) + end);

    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "5"]);
    expect(lines.some((line) => line.includes("ENOENT"))).toBe(true);
  });

  test("find a full disk as a failure of the spool, not of the process", async () => {
    const spool = new Spool({ openFile: () => open("/dev/full", "r+") });
    onTestFinished(() => spool.close());
    const upload = SMALL.fields.find(({ name }) => name === "upload");
    if (!upload) throw new Error("the test form has no uploads");
    async function* data() {
      yield Buffer.from("x");
    }

    const receiving = spool.receive({
      field: upload,
      index: 0,
      filename: "a",
      contentType: "a/b",
      data: data(),
    });

    await expect(receiving).rejects.toMatchObject({
      reasons: [ErrorReason.UNAVAILABLE],
      cause: { code: "ENOSPC" },
    });
  });

  test("take one place each, and give it back in the end", async () => {
    const upload = SMALL.fields.find(({ name }) => name === "upload");
    if (!upload) throw new Error("the test form has no uploads");
    let free = 1;
    const places = {
      take() {
        if (free === 0) throw new Failure(ErrorReason.OVERLOADED);
        free -= 1;
      },
      leave() {
        free += 1;
      },
    };
    async function* data() {
      yield Buffer.from("x");
    }
    const give = (spool: Spool, index: number) =>
      spool.receive({ field: upload, index, filename: "a", contentType: "a/b", data: data() });
    const [first, second] = [new Spool({ places }), new Spool({ places })];

    await give(first, 0);
    await give(first, 1);

    await expect(give(second, 0)).rejects.toMatchObject({ reasons: [ErrorReason.OVERLOADED] });
    await second.close();
    await first.close();
    expect(free).toBe(1);
  });

  test("are measured by their pace, and not by the time that other requests have", async () => {
    const emit = vi.spyOn<EventEmitter, "emit">(Server.prototype, "emit");
    onTestFinished(() => emit.mockRestore());
    const { url } = await doorsFor();
    const [upload, other] = [start(url), start(url, {}, "/plain")];
    const answers = [answerTo(upload), answerTo(other)];
    upload.write(headOf("upload"));
    other.write(headOf("upload"));
    await until(() => emit.mock.calls.filter(([name]) => name === "request").length === 2);

    // As node does for every request that has lasted a minute.
    const late = Object.assign(new Error("late"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
    for (const [index, [name, socket]] of [...emit.mock.calls.entries()]) {
      if (name === "connection")
        (emit.mock.contexts[index] as EventEmitter).emit("clientError", late, socket);
    }
    upload.end(`slow but steady\r\n${end}`);

    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 408]);
  });

  test("of a hundred mebibytes are never in memory together", async () => {
    const seen: number[] = [];
    const { url } = await doorsFor(
      async ({ upload }, call) => {
        for (const each of upload) seen.push(call.contentOf(each)?.bytes ?? -1);
      },
      { input: formOf(note, uploads(10 * MEBIBYTE, 10)) },
    );
    const sent = start(url);
    const answer = answerTo(sent);
    const piece = Buffer.alloc(MEBIBYTE, "x");
    const collect = garbageCollector();
    collect();
    const before = process.memoryUsage();
    let most = 0;
    let mostResident = 0;

    for (let each = 0; each < 10; each++) {
      sent.write(headOf("upload[]"));
      for (let written = 0; written < 10; written++) if (!sent.write(piece)) await once(sent, "drain");
      sent.write("\r\n");
      collect();
      const { arrayBuffers, rss } = process.memoryUsage();
      most = Math.max(most, arrayBuffers - before.arrayBuffers);
      mostResident = Math.max(mostResident, rss - before.rss);
    }
    sent.end(field("note", "last") + end);

    expect((await answer).status).toBe(200);
    expect(seen).toEqual(Array(10).fill(10 * MEBIBYTE));
    expect(most).toBeLessThan(20 * MEBIBYTE);
    expect(mostResident).toBeLessThan(40 * MEBIBYTE);
  });
});

describe("no descriptor stays open", () => {
  const refuse: Handle = async () => {
    throw new Failure(ErrorReason.RECORD_NOT_FOUND);
  };
  const leave: Handle = async ({ upload }, call) => {
    // Begun, but not read to its end.
    for await (const _ of call.contentOf(upload[0] as File)?.open() ?? []) break;
  };
  const twoFiles = file("upload[]", "x".repeat(90 * KIBIBYTE)).repeat(2);

  test.each<[string, number, Handle | undefined, string]>([
    ["a success", 200, undefined, twoFiles + end],
    ["a method that reads a part", 200, leave, twoFiles + end],
    ["a refusal", 404, refuse, twoFiles + end],
    ["too many and too large files", 200, undefined, twoFiles + file("upload", "z".repeat(100_000)) + end],
    ["an invalid field", 422, undefined, twoFiles + file("note", "x") + end],
    ["a malformed form", 400, undefined, twoFiles],
    ["a form that is too long", 413, undefined, twoFiles + field("note", "x".repeat(2 * MEBIBYTE)) + end],
  ])("after %s", async (_, status, handle, body) => {
    const { url } = await doorsFor(handle);
    const before = await settledDescriptors();

    const answer = await post(url, body);

    expect(answer.status).toBe(status);
    await until(() => descriptors() === before);
  });

  test("after a form that was broken off", async () => {
    const folder = await temporaryFolder();
    const calls: string[] = [];
    const { url, lines } = await doorsFor(async () => {
      calls.push("called");
    });
    const before = await settledDescriptors();
    const sent = start(url);
    const isWritten = () => descriptors() >= before + 4;

    sent.write(`${twoFiles + headOf("upload[]")}half`);
    await until(isWritten);
    sent.destroy();

    await until(() => descriptors() === before);
    await until(() => lines.some((line) => line.includes('"status":499')));
    expect(calls).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    expect(lines.filter((line) => line.includes("unexpected"))).toEqual([]);
  });
});

describe("files in a message", () => {
  const fileOf = (data: string) => ({ filename: "a.png", contentType: "image/png", data: Buffer.from(data) });
  // The library's own writer takes seconds for a mebibyte of base64.
  const jsonOf = (...contents: string[]) =>
    JSON.stringify({ upload: contents.map((each) => ({ data: Buffer.from(each).toString("base64") })) });
  const messageOf = (...contents: string[]) =>
    create(SMALL, { note: "n", upload: contents.map(fileOf) } as Record<string, unknown>);

  test("have the same bounds through every door", async () => {
    const seen: unknown[] = [];
    const handle: Handle = async (form, call) => {
      for (const each of form.upload) {
        const content = call.contentOf(each);
        seen.push([call.door, content?.bytes, content?.isTooLarge]);
        if (content?.bytes === 3) seen.push((await bytesOf(content.open())).toString());
      }
    };
    const { url, doors, send } = await doorsFor(handle, { maxRequestBytes: MEBIBYTE });
    const message = messageOf("abc", "x".repeat(100 * KIBIBYTE + 1), "third");
    const json = jsonOf("abc", "x".repeat(100 * KIBIBYTE + 1), "third");
    const expected = (door: string) => [
      [door, 3, false],
      "abc",
      [door, 100 * KIBIBYTE + 1, true],
      [door, undefined, undefined],
    ];

    await postJson(`${url}/forms`, json);
    await postJson(`${url}/${send.parent.typeName}/Send`, json);
    await grpcClient(doors.grpcPort).call(send, message);

    expect(seen).toEqual([...expected("rest"), ...expected("connect"), ...expected("grpc")]);
  });

  test("are bounded for each method by itself, through every door", async () => {
    const { url, doors, send, other } = await doorsFor(undefined, { maxRequestBytes: 2 * MEBIBYTE });
    const rpc = grpcClient(doors.grpcPort);
    const [fits, tooLong] = ["x".repeat(1.2 * MEBIBYTE), "x".repeat(2.2 * MEBIBYTE)];
    const path = (method: typeof send) => `${url}/${method.parent.typeName}/${method.name}`;
    const codeOf = async (method: typeof send, message: Message) => {
      const { code, reasons } = await rpc.call(method, message);
      return [code, ...reasons];
    };

    expect((await postJson(`${url}/forms`, jsonOf(fits))).status).toBe(200);
    expect((await postJson(`${url}/forms`, jsonOf(tooLong))).status).toBe(413);
    expect((await postJson(`${url}/others`, jsonOf(fits))).status).toBe(413);
    expect((await postJson(path(send), jsonOf(fits))).status).toBe(200);
    expect((await postProto(path(send), toBinary(SMALL, messageOf(tooLong)))).body).toMatchObject({
      code: "resource_exhausted",
    });
    expect((await postProto(path(other), toBinary(SMALL, messageOf(fits)))).body).toMatchObject({
      code: "resource_exhausted",
    });
    expect(await codeOf(send, messageOf(fits))).toEqual([0]);
    expect(await codeOf(send, messageOf(tooLong))).toEqual([
      Code.ResourceExhausted,
      "request.body_too_large",
    ]);
    expect(await codeOf(other, messageOf(fits))).toEqual([Code.ResourceExhausted, "request.body_too_large"]);
    expect(await codeOf(other, messageOf("x"))).toEqual([0]);
  });
});

test("a start is refused when files are declared where none can be taken, or without bounds", () => {
  const files = { maxBytes: 1n, maxFiles: 1 };
  const service = serviceOf({
    rules: { access: Access.PUBLIC },
    methods: [
      { name: "Texts", input: formOf({ name: "note", type: "text", files }) },
      { name: "Folders", input: formOf({ name: "folder", type: "folder" }) },
      { name: "Endless", input: formOf({ name: "a", type: "file", files: { maxBytes: 1n } }) },
      { name: "Boundless", input: formOf({ name: "a", type: "file", files: { maxFiles: 1 } }) },
      { name: "Down", input: formOf({ name: "a", type: "file", files }), streaming: "server" },
      { name: "Shrunk", input: everything, rules: { maxRequestBytes: -1 } },
      { name: "Fine", input: formOf({ name: "a", type: "file", list: true, files }) },
    ],
  });
  const handlers = Object.fromEntries(service.methods.map(({ localName }) => [localName, async () => ({})]));
  const start = () => compileServices([serve(service, handlers as unknown as Handlers<typeof service>)]);

  expect(start).toThrow(IncompleteServices);
  expect(start).toThrow(
    [
      'Texts: takes files in "note", which is no message with filename, content_type and data',
      'Folders: takes files in "kept" of wire.form',
      'Endless: takes files in "a" without max_bytes or max_files',
      'Boundless: takes files in "a" without max_bytes or max_files',
      'Down: takes files in "a", but does not answer with one message',
      "Shrunk: max_request_bytes -1 is no size",
    ].reduce(
      (pattern, sentence) => new RegExp(`${pattern.source}[^]*${sentence.replace(/[()]/g, "\\$&")}`),
      /the services cannot be served/,
    ),
  );
  expect(start).not.toThrow(/Fine/);
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, unknown>;
}

const post = (url: string, body: string): Promise<Answer> => {
  const sent = start(url, { "content-length": String(Buffer.byteLength(body)) });
  const answer = answerTo(sent);
  sent.end(body);
  return answer;
};

/** A form over a connection of its own. */
function start(url: string, headers: Record<string, string> = {}, path = "/forms"): ClientRequest {
  const sent = request(`${url}${path}`, {
    method: "POST",
    agent: false,
    headers: { "content-type": "multipart/form-data; boundary=X", ...headers },
  });
  sent.on("error", () => {});
  onTestFinished(() => {
    sent.destroy();
  });
  return sent;
}

async function answerTo(sent: ClientRequest): Promise<Answer> {
  const [response] = await once(sent, "response");
  const text = (await bytesOf(response)).toString();
  return {
    status: response.statusCode,
    body: text === "" ? "" : JSON.parse(text),
    headers: response.headers,
  };
}

const postJson = (url: string, body: string) => exchange(url, "application/json", body);
const postProto = (url: string, body: Uint8Array) => exchange(url, "application/proto", body);

async function exchange(url: string, type: string, body: string | Uint8Array) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": type },
    body: Buffer.from(body),
  });
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: answer.status, body: isJson ? JSON.parse(text) : text };
}

/** A folder of its own for temporary files; the process gets back its old one when the test ends. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "uploads-"));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  onTestFinished(async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

const descriptors = (): number => readdirSync("/proc/self/fd").length;

/** The number of open descriptors once nothing that went before is still closing its own. */
async function settledDescriptors(): Promise<number> {
  let before = -1;
  while (before !== descriptors()) {
    before = descriptors();
    await sleep(50);
  }
  return before;
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
