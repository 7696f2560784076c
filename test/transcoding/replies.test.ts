import { create, type Message } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import { ruleOf, sample } from "./schema.js";
import { echo, serve, type TestRoute } from "./server.js";

const get = (more: Partial<TestRoute> = {}, responseBody = ""): TestRoute => ({
  rule: ruleOf("GET", "/a", { responseBody }),
  ...more,
});

describe("a reply", () => {
  test("has proto names and zero values, and numbers of 64 bits as text", async () => {
    const { send } = await serve([get()]);

    const answer = await send("GET", "/a?f_int64=5");

    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.json).toMatchObject({ f_int64: "5", f_string: "", r_string: [], m_ss: {} });
  });

  test.each([
    ["r_string", ["a", "b"]],
    ["m_ss", { k: "v" }],
    ["f_int32", 7],
    ["f_enum", "COLOR_UNSPECIFIED"],
    ["child", { name: "n", size: 0, tags: [], attrs: {} }],
    ["self", { f_string: "" }],
    ["opt_string", null],
  ])("can be the field %s alone", async (field, expected) => {
    const { send } = await serve([get({}, field)]);

    const answer = await send("GET", "/a?r_string=a&r_string=b&m_ss[k]=v&f_int32=7&child.name=n");

    if (field === "self") expect(answer.json).toMatchObject(expected as object);
    else expect(answer.json).toEqual(expected);
  });

  test("carries the method's headers, each cookie for itself", async () => {
    const { send } = await serve([
      get({
        invoke: async (call) => {
          call.responseHeader.set("x-one", "1");
          call.responseHeader.append("set-cookie", "a=1; Path=/, really");
          call.responseHeader.append("set-cookie", "b=2");
          return echo(call);
        },
      }),
    ]);

    const { headers } = await send("GET", "/a");

    expect(headers["x-one"]).toBe("1");
    expect(headers["set-cookie"]).toEqual(["a=1; Path=/, really", "b=2"]);
  });

  test("carries them also when the call fails", async () => {
    const { send } = await serve([
      get({
        invoke: async ({ responseHeader }) => {
          responseHeader.set("retry-after", "3");
          throw Object.assign(new Error("slowly"), { code: 8 });
        },
      }),
    ]);

    const answer = await send("GET", "/a");

    expect(answer.status).toBe(429);
    expect(answer.headers["retry-after"]).toBe("3");
  });

  test("has no body with 204, or when the host says so", async () => {
    const nothing = await serve([get()], { successStatus: () => 204 });
    const empty = await serve([get()], { emptyBody: () => true, successStatus: () => 201 });

    expect(await nothing.send("GET", "/a")).toMatchObject({ status: 204, text: "" });
    expect(await empty.send("GET", "/a")).toMatchObject({ status: 201, text: "" });
  });

  test("is written by the host if it wants to", async () => {
    const { send } = await serve([get({}, "r_string")], {
      writeJson: (value) => JSON.stringify(value.kind === "field" ? [value.field.name] : []),
      beforeSend: (_, message, reply) => {
        reply.header("total", String((message as Message & { rString: string[] }).rString.length));
      },
    });

    const answer = await send("GET", "/a?r_string=x");

    expect(answer.json).toEqual(["r_string"]);
    expect(answer.headers.total).toBe("1");
  });

  test("of google.api.HttpBody is bytes, also as the field of a response", async () => {
    const data = Buffer.from([0, 255, 1]);
    const { send } = await serve([
      get({ output: HttpBodySchema, invoke: async () => create(HttpBodySchema, { data }) }),
    ]);

    const answer = await send("GET", "/a");

    expect(answer.headers["content-type"]).toBe("application/octet-stream");
    expect(answer.headers["content-length"]).toBe("3");
  });
});

describe("a failure", () => {
  test("is written by the host, who is told the method when there is one", async () => {
    const { send } = await serve([get({ invoke: () => Promise.reject(new Error("broken")) })], {
      sendFailure: async (error, reply, method) => {
        await reply.code(418).send({ error: String(error), method: method?.name });
      },
    });

    expect(await send("GET", "/a")).toMatchObject({
      status: 418,
      json: { error: "Error: broken", method: "Call0" },
    });
    const wrongMethod = await send("POST", "/a");
    expect(wrongMethod).toMatchObject({ status: 418 });
    expect(wrongMethod.headers.allow).toBe("GET, HEAD, OPTIONS");
    expect((await send("GET", "/b")).json).toEqual({
      error: "TranscodingError: there is nothing at this path",
    });
  });

  test("of the method's own code tells the caller nothing", async () => {
    const { send } = await serve([
      get({
        invoke: () => {
          throw new TypeError("secret");
        },
      }),
    ]);

    const answer = await send("GET", "/a");

    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("secret");
  });

  test("of the host's failure writer still ends the call", async () => {
    const { send } = await serve([get({ invoke: () => Promise.reject(new Error("broken")) })], {
      sendFailure: () => {
        throw new Error("broken too");
      },
    });

    expect((await send("GET", "/a")).status).toBe(500);
  });

  test("while the reply is written has the status 500", async () => {
    const { send } = await serve([get({ invoke: async () => create(sample) })], {
      writeJson: () => {
        throw new Error("cannot");
      },
    });

    expect((await send("GET", "/a")).status).toBe(500);
  });
});
