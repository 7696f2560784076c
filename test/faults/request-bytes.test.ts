import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { frame } from "../support/grpc-frames.js";
import { asFalseGzip, asGzip, type RawRequest, rawTransports } from "../support/raw-requests.js";
import { activeMember, bearerFor, signIn } from "../support/rest.js";
import { type Started, startedApp } from "../support/start-app.js";

const MAX_BYTES = 64 * 1024;
const MAX_UPLOAD_BYTES = 15 * 1024 * 1024;

type Path = Pick<RawRequest, "rest" | "rpc">;

const UPLOAD: Path = {
  rest: "/resource/documents",
  rpc: "/barong.resource.v1.DocumentService/CreateDocuments",
};
const LABEL: Path = { rest: "/resource/labels", rpc: "/barong.resource.v1.LabelService/CreateLabel" };
const SIGN_IN: Path = {
  rest: "/identity/sessions",
  rpc: "/barong.identity.v1.SessionService/CreateSession",
};

const unauthenticated = ["jwt.decode_and_verify"];
const tooLarge = ["request.body_too_large"];
const malformed = ["request.malformed_body"];

const overHttp = Object.entries(rawTransports).filter(([name]) => name !== "gRPC");

/** A message and a JSON text with a first field that makes them `bytes` long. */
function padded(name: string, bytes: number): Pick<RawRequest, "proto" | "json"> {
  const head = Buffer.from([0x0a, 0, 0, 0]);
  const length = bytes - head.length;
  head[1] = 0x80 | (length & 0x7f);
  head[2] = 0x80 | ((length >> 7) & 0x7f);
  head[3] = length >> 14;
  const json = `{"${name}":""}`;
  return {
    proto: Buffer.concat([head, Buffer.alloc(length, "x")]),
    json: Buffer.from(json.replace('""', `"${"x".repeat(bytes - json.length)}"`)),
  };
}

/** Millions of empty elements, which gzip makes small; longer than the longest upload. */
const bomb: Pick<RawRequest, "proto" | "json"> = {
  proto: Buffer.alloc(MAX_UPLOAD_BYTES + 2, Buffer.from([0x22, 0x00])),
  json: Buffer.from(`{"upload":[{}${",{}".repeat(MAX_UPLOAD_BYTES / 3)}]}`),
};

async function memberHeaders(app: Started): Promise<Record<string, string>> {
  return { authorization: await bearerFor(app, await signIn(app, await activeMember(app))) };
}

describeEachDatabase("the bytes of a request", (database) => {
  const app = startedApp(database);

  describe.each(overHttp)("over %s", (_name, send) => {
    test("are not decompressed for a stranger, whatever they are", async () => {
      expect(await send(app, { ...UPLOAD, ...bomb, gzip: asFalseGzip })).toEqual(unauthenticated);
      expect(await send(app, { ...UPLOAD, ...bomb, gzip: asGzip })).toEqual(unauthenticated);
    });

    test("of a member must be compressed as they say", async () => {
      const headers = await memberHeaders(app);

      const reasons = await send(app, { ...LABEL, ...padded("key", 1000), gzip: asFalseGzip, headers });

      expect(reasons).toEqual(malformed);
    });

    test("of an upload beyond its bound are refused for a member", async () => {
      const headers = await memberHeaders(app);

      expect(await send(app, { ...UPLOAD, ...bomb, gzip: asGzip, headers })).toEqual(tooLarge);
    });
  });

  // Its library decompresses before anybody is asked who they are: so no compressed request is longer than one of a stranger may be.
  test("are not decoded for a stranger over gRPC, nor decompressed beyond 64 KiB", async () => {
    const garbage = (bytes: number) => ({ proto: Buffer.alloc(bytes, 0xff), json: Buffer.alloc(0) });
    const send = rawTransports.gRPC;

    expect(await send?.(app, { ...UPLOAD, ...garbage(1_000_000) })).toEqual(unauthenticated);
    expect(await send?.(app, { ...UPLOAD, ...garbage(60_000), gzip: asGzip })).toEqual(unauthenticated);
    expect(await send?.(app, { ...UPLOAD, ...garbage(1_000_000), gzip: asGzip })).toEqual(tooLarge);
  });

  describe.each(Object.entries(rawTransports))("over %s", (name, send) => {
    test("are counted after decompression, for each method by its own bound", async () => {
      const headers = await memberHeaders(app);
      const label = { ...LABEL, headers, gzip: asGzip };
      const upload = { ...UPLOAD, headers, ...(name !== "gRPC" && { gzip: asGzip }) };
      const [fits, beyond] = [padded("key", MAX_BYTES), padded("key", MAX_BYTES + 1)];

      expect(await send(app, { ...label, ...fits })).not.toEqual(tooLarge);
      expect(await send(app, { ...label, ...beyond })).toEqual(tooLarge);
      expect(await send(app, { ...upload, ...padded("doc_expire", MAX_BYTES + 1) })).not.toEqual(tooLarge);
    });

    test("of a method for everybody are at most 64 KiB", async () => {
      const invalid = ["identity.session.missing_password", "identity.session.invalid_email"];
      const [fits, beyond] = [padded("email", MAX_BYTES), padded("email", MAX_BYTES + 1)];

      const taken = await send(app, { ...SIGN_IN, ...fits });
      const refused = await send(app, { ...SIGN_IN, ...beyond });

      expect([...taken].sort()).toEqual([...invalid].sort());
      expect(refused).toEqual(tooLarge);
    });
  });

  test("are no more than headers when a stranger is refused", async () => {
    for (const [path, type] of httpTargets(UPLOAD)) {
      const socket = connectTo(app);
      socket.write(headOf(path, type, 1_000_000));

      const [answer] = (await once(socket, "data")) as [Buffer];

      expect([type, answer.toString("latin1")]).toEqual([type, expect.stringMatching(REFUSED)]);
      socket.destroy();
    }
  });

  test("that nobody has read leave the connection in use", async () => {
    for (const [path, type] of httpTargets(UPLOAD)) {
      const socket = connectTo(app);
      const received = textOf(socket);

      socket.write(headOf(path, type, 1_000_000));
      await received.until(REFUSED);
      socket.write(Buffer.alloc(1_000_000, "x"));
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      await once(socket, "close");

      expect([type, received.text()]).toEqual([type, expect.stringContaining('{"status":"up"}')]);
    }
  });

  test("that were too many leave the connection in use", async () => {
    for (const [path, type] of httpTargets(SIGN_IN)) {
      const socket = connectTo(app);
      const received = textOf(socket);
      const piece = `${(50_000).toString(16)}\r\n${"x".repeat(50_000)}\r\n`;

      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      socket.write(piece.repeat(2));
      await received.until(/body_too_large|grpc-status: ?8/);
      socket.write(`${piece.repeat(10)}0\r\n\r\n`);
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      await once(socket, "close");

      expect([type, received.text()]).toEqual([type, expect.stringContaining('{"status":"up"}')]);
    }
  });

  test("that nobody wants end the connection when there are too many", async () => {
    for (const type of ["application/proto", "application/grpc-web+proto"]) {
      const socket = connectTo(app);
      const received = textOf(socket);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(headOf(UPLOAD.rpc, type, 2 ** 40));
      await received.until(REFUSED);
      let sent = 0;
      const piece = Buffer.alloc(1024 * 1024, "x");
      const pour = () => {
        while (!socket.destroyed && socket.write(piece)) sent += piece.length;
        sent += piece.length;
      };
      socket.on("drain", pour);
      pour();

      await closed;

      // What the buffers of both ends hold comes on top.
      expect(sent).toBeLessThan(4 * MAX_UPLOAD_BYTES);
    }
  });

  test("as base64 of gRPC-Web are refused for their type before they are read", async () => {
    const response = await fetch(app.http + UPLOAD.rpc, {
      method: "POST",
      headers: { "content-type": "application/grpc-web-text", "grpc-encoding": "gzip" },
      body: frame(asFalseGzip(), { flags: 1 }).toString("base64"),
    });

    expect(response.status).toBe(415);
  });
});

const REFUSED = /jwt.decode_and_verify|grpc-status: ?16|"code":"unauthenticated"/;

const httpTargets = ({ rest, rpc }: Path): readonly (readonly [path: string, type: string])[] => [
  [`/api/v2${rest}`, "application/json"],
  [rpc, "application/proto"],
  [rpc, "application/json"],
  [rpc, "application/grpc-web+proto"],
];

const headOf = (path: string, type: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\n\r\n`;

const connectTo = ({ httpPort }: Started): Socket =>
  connect(httpPort, "127.0.0.1").on("error", () => undefined);

/** What has come over a connection so far. */
function textOf(socket: Socket) {
  let text = "";
  socket.on("data", (piece) => {
    text += piece.toString("latin1");
  });
  return {
    text: () => text,
    async until(pattern: RegExp): Promise<void> {
      while (!pattern.test(text)) await once(socket, "data");
    },
  };
}
