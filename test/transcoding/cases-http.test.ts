import { gzipSync } from "node:zlib";
import { create, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { describe, expect, test } from "vitest";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import type { RestCall } from "../../src/transcoding/rest-call.js";
import { casesOf, type HttpCase } from "./cases.js";
import { methodsOf, ruleOf, sample, upload } from "./schema.js";
import { echo, serve, type TestRoute } from "./server.js";

describe("over HTTP", () => {
  test.each(casesOf("http").filter(({ rule }) => rule.rpc === undefined))("$id: $title", async (row) => {
    const seen: RestCall[] = [];
    const received: Message[] = [];
    const route = routeOf(row, seen, received);
    const status = row.backend_reply?.http_status;
    const served = await serve([route], {
      ...(status !== undefined && { successStatus: () => status }),
      ...(row.options?.max_request_bytes !== undefined && {
        limits: { bodyBytes: row.options.max_request_bytes },
      }),
    });

    const answer = await served.send(row.request.method, row.request.path, {
      headers: row.request.header_list?.flat() ?? row.request.headers ?? {},
      ...bodyOf(row),
    });

    const { expect: expected } = row;
    if (expected.http_status !== undefined) expect(answer.status, answer.text).toBe(expected.http_status);
    const messages = expected.messages ?? (expected.message && [expected.message]);
    if (messages !== undefined)
      expect(received.map(plain)).toEqual(messages.map((each) => wanted(row, each)));
    for (const [name, value] of Object.entries(expected.headers ?? {})) {
      if (value === null) expect(answer.headers[name]).toBeUndefined();
      else expect(answer.headers[name]).toContain(value);
    }
    if (expected.response_text !== undefined) expect(answer.text).toBe(expected.response_text);
    if (expected.response_json !== undefined) expect(answer.json).toEqual(expected.response_json);
    if (expected.response_json_subset) expect(answer.json).toMatchObject(expected.response_json_subset);
    if (expected.deadline_ms !== undefined) expect(seen[0]?.timeoutMs).toBe(expected.deadline_ms);
    for (const [name, value] of Object.entries(expected.metadata ?? {})) {
      expect(seen[0]?.requestHeader.get(name)).toBe(value);
    }
    if (expected.lines !== undefined) {
      const lines = answer.text.trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line))).toMatchObject(expected.lines);
    }
  });

  test.each(casesOf("patch-mask"))("$id: a PATCH body gives no field mask", async ({ body }) => {
    const { send } = await serve([
      {
        rule: ruleOf("PATCH", "/a", { body: "*" }),
        invoke: async (call) => (await call.read()).message,
      },
    ]);

    const answer = await send("PATCH", "/a", { headers: { "content-type": "application/json" }, body });

    expect(answer.status).toBe(200);
    expect(answer.json).not.toHaveProperty("mask");
  });
});

describe("beside a Connect door", () => {
  test.each(casesOf("http").filter(({ rule }) => rule.rpc !== undefined))("$id: $title", async (row) => {
    const [get] = methodsOf({ name: "Get" }, { name: "Watch", serverStreaming: true });
    const served = await serve([{ rule: ruleOf("GET", "/a") }], {}, async (app) => {
      if (get === undefined) return;
      await app.register(async (scope) => {
        // The Connect plugin answers 405 without telling what is allowed.
        scope.addHook("onRequest", async ({ method }, reply) => {
          if (method !== "POST") reply.raw.setHeader("allow", "POST");
        });
        await scope.register(fastifyConnectPlugin, { routes: (router) => router.service(get.parent, {}) });
      });
    });

    const { method, path, headers = {}, body = "" } = row.request;
    const answer = await served.send(method, path, { headers, body });

    expect(answer.status).toBe(row.expect.http_status);
    expect(answer.headers).toMatchObject(row.expect.headers ?? {});
  });
});

const intoHttpBody = ({ rule }: HttpCase): boolean => rule.body === "$httpbody";

const plain = (message: Message): JsonValue =>
  message.$typeName === sample.typeName ? toJson(sample, message) : toJson(upload, message);

function wanted(row: HttpCase, json: JsonValue): JsonValue {
  if (!intoHttpBody(row)) return plain(fromJson(sample, json));
  const { $httpbody, f_string } = json as unknown as {
    $httpbody: { content_type: string; data: string };
    f_string: string;
  };
  const data = Buffer.from($httpbody.data).toString("base64");
  return { fString: f_string, httpBody: { contentType: $httpbody.content_type, data } };
}

function routeOf(row: HttpCase, seen: RestCall[], received: Message[]): TestRoute {
  const { method, template, body = "", response_body = "" } = row.rule;
  const rule = ruleOf(method, template, {
    body: intoHttpBody(row) ? "http_body" : body,
    responseBody: response_body,
  });
  const reply = row.backend_reply;
  const base = { rule, input: intoHttpBody(row) ? upload : sample };
  if (reply?.stream !== undefined) {
    const messages = reply.stream.map((each) => fromJson(sample, each));
    return { ...base, serverStreaming: true, invoke: () => streamOf(messages) };
  }
  if (row.expect.messages !== undefined) {
    const invoke = async (call: RestCall) => {
      for await (const message of call.readStream()) received.push(message);
      return create(sample);
    };
    return { ...base, clientStreaming: true, invoke };
  }
  const output = reply?.http_body === undefined ? sample : HttpBodySchema;
  const invoke = async (call: RestCall) => {
    seen.push(call);
    received.push(await echo(call));
    if (reply?.error !== undefined) throw failureOf(reply.error);
    if (reply?.http_body !== undefined) {
      const { content_type: contentType, data } = reply.http_body;
      return create(HttpBodySchema, { contentType, data: Buffer.from(data) });
    }
    return fromJson(sample, reply?.message ?? {});
  };
  return { ...base, output, invoke };
}

async function* streamOf(messages: Message[]): AsyncGenerator<Message> {
  yield* messages;
}

function failureOf({
  code,
  message,
  details = [],
}: NonNullable<NonNullable<HttpCase["backend_reply"]>["error"]>) {
  const anys = details.map(({ type }) => create(AnySchema, { typeUrl: `type.googleapis.com/${type}` }));
  return Object.assign(new Error(message), { code, details: anys });
}

function bodyOf({ request }: HttpCase): { body?: string | Buffer } {
  if (request.body_gzip_of !== undefined) return { body: gzipSync(request.body_gzip_of) };
  if (request.body_parts !== undefined) {
    return { body: request.body_parts.map(([text, times]) => text.repeat(times)).join("") };
  }
  return request.body === undefined ? {} : { body: request.body };
}
