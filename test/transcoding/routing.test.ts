import cors from "@fastify/cors";
import { describe, expect, test } from "vitest";
import { compileRules, RuleConflict } from "../../src/transcoding/rules.js";
import { methodsOf, ruleOf } from "./schema.js";
import { serve } from "./server.js";

const json = { "content-type": "application/json" };

describe("methods", () => {
  test("HEAD answers like GET, without the body", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string}") }]);

    const [head, get] = [await send("HEAD", "/a/x"), await send("GET", "/a/x")];

    expect(head.status).toBe(200);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    expect(head.text).toBe("");
  });

  test("OPTIONS tells what a path offers", async () => {
    const { send } = await serve([
      { rule: ruleOf("GET", "/a") },
      { rule: ruleOf("POST", "/a", { body: "*" }) },
    ]);

    const answer = await send("OPTIONS", "/a");

    expect(answer.status).toBe(204);
    expect(answer.headers.allow).toBe("GET, HEAD, OPTIONS, POST");
    expect((await send("OPTIONS", "/b")).status).toBe(404);
  });

  test("a wrong method is told the right ones", async () => {
    const { send } = await serve([{ rule: ruleOf("DELETE", "/a/{f_string}:undo") }]);

    const answer = await send("PUT", "/a/1:undo");

    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("DELETE, OPTIONS");
  });

  test("a less specific path is used when the more specific one lacks the method", async () => {
    const { send } = await serve([
      { rule: ruleOf("POST", "/a/b") },
      { rule: ruleOf("GET", "/a/{f_string}") },
    ]);

    const answer = await send("GET", "/a/b");

    expect(answer.json).toMatchObject({ f_string: "b" });
  });

  test("a custom kind is served, and the kind * takes every method that no other rule names", async () => {
    const { send } = await serve([
      { rule: ruleOf("PROPFIND", "/a/{f_string}") },
      { rule: ruleOf("*", "/a/{opt_string}") },
    ]);

    expect((await send("PROPFIND", "/a/1")).json).toMatchObject({ f_string: "1" });
    for (const method of ["GET", "POST", "OPTIONS", "PURGE"]) {
      expect((await send(method, "/a/2")).json).toMatchObject({ opt_string: "2" });
    }
  });

  test("X-HTTP-Method-Override does nothing", async () => {
    const { send } = await serve([{ rule: ruleOf("DELETE", "/a") }]);

    const answer = await send("POST", "/a", { headers: { "x-http-method-override": "DELETE" } });

    expect(answer.status).toBe(405);
  });

  test("CORS beside it answers preflights and leaves the rest alone", async () => {
    const { send } = await serve([{ rule: ruleOf("POST", "/a", { body: "*" }) }], {}, async (app) => {
      await app.register(cors, { origin: "https://shop.example" });
    });

    const preflight = await send("OPTIONS", "/a", {
      headers: { origin: "https://shop.example", "access-control-request-method": "POST" },
    });
    const call = await send("POST", "/a", {
      headers: { ...json, origin: "https://shop.example" },
      body: "{}",
    });

    expect(preflight.status).toBe(204);
    expect(preflight.headers["access-control-allow-methods"]).toContain("POST");
    expect(call.headers["access-control-allow-origin"]).toBe("https://shop.example");
  });
});

describe("paths", () => {
  test("additional bindings lead to the same method", async () => {
    const more = { additionalBindings: [ruleOf("GET", "/b/{f_int32}/{f_string}")] };
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string}", more) }]);

    expect((await send("GET", "/a/x")).json).toMatchObject({ f_string: "x", f_int32: 0 });
    expect((await send("GET", "/b/7/y")).json).toMatchObject({ f_string: "y", f_int32: 7 });
  });

  test("repeated and trailing slashes do no harm", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string}") }]);

    expect((await send("GET", "//a///b/")).json).toMatchObject({ f_string: "b" });
    expect((await send("GET", "/a/")).status).toBe(404);
  });

  test("slashes count when the host wants it so", async () => {
    const strict = { collapseSlashes: false, ignoreTrailingSlash: false };
    const { send } = await serve([{ rule: ruleOf("GET", "/a") }], strict);

    expect((await send("GET", "/a/")).status).toBe(404);
    expect((await send("GET", "//a")).status).toBe(404);
    expect((await send("GET", "/a")).status).toBe(200);
  });

  test("the root of the server can be a route", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/") }]);

    expect((await send("GET", "/?f_string=x")).json).toMatchObject({ f_string: "x" });
  });

  test("literals and verbs are compared by what they mean, not by their escapes", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a%2fb/c:d-e") }]);

    expect((await send("GET", "/a%2Fb/%63:d%2De")).status).toBe(200);
    expect((await send("GET", "/a/b/c:d-e")).status).toBe(404);
  });

  test("an escaped colon starts no verb", async () => {
    const { send } = await serve([
      { rule: ruleOf("GET", "/a/{f_string}") },
      { rule: ruleOf("GET", "/a/{opt_string}:go") },
    ]);

    expect((await send("GET", "/a/x%3Ago")).json).toMatchObject({ f_string: "x:go" });
  });

  test("the tail after ** decides, the longest first", async () => {
    const { send } = await serve([
      { rule: ruleOf("GET", "/a/{f_string=**}") },
      { rule: ruleOf("GET", "/a/{pick_string=**}/z") },
      { rule: ruleOf("GET", "/a/{renamed=**}/y/z") },
      { rule: ruleOf("GET", "/a/b/{opt_string}/z") },
    ]);

    expect((await send("GET", "/a/1/y/z")).json).toMatchObject({ renamed: "1" });
    expect((await send("GET", "/a/1/2/z")).json).toMatchObject({ pick_string: "1/2" });
    expect((await send("GET", "/a/1/2/3")).json).toMatchObject({ f_string: "1/2/3" });
    expect((await send("GET", "/a/b/2/z")).json).toMatchObject({ opt_string: "2" });
    expect((await send("GET", "/a")).json).toMatchObject({ f_string: "" });
  });

  test("a path of many segments is matched in no time", async () => {
    const { send } = await serve(
      [{ rule: ruleOf("GET", "/{f_string=**}/x/*/y") }, { rule: ruleOf("GET", "/a/{f_string=**}/x/*/z") }],
      { limits: { pathBytes: 16_000 } },
    );

    const before = performance.now();
    expect((await send("GET", `/a${"/x".repeat(6000)}`)).status).toBe(404);

    expect(performance.now() - before).toBeLessThan(500);
  });

  test("a path may have 8 KiB and no more", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string}") }]);
    const longest = "x".repeat(8 * 1024 - 3);

    expect((await send("GET", `/a/${longest}`)).json).toMatchObject({ f_string: longest });
    expect((await send("GET", `/a/${longest}x`)).status).toBe(414);
  });

  test.each(["/a/%zz", "/a/%", "/a/%ff", "/a/%c3%28", "/%E0%A4%A/x"])("%s is refused", async (path) => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string}") }]);

    expect((await send("GET", path)).status).toBe(400);
  });

  test("a kept %2F stays as it was written", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string=**}") }]);

    expect((await send("GET", "/a/b%2fc/d%2Fe")).json).toMatchObject({ f_string: "b%2fc/d%2Fe" });
  });

  test("an absolute request target is understood", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_string}") }]);

    const answer = await send("GET", "http://shop.example/a/b?f_int32=1");

    expect(answer.json).toMatchObject({ f_string: "b", f_int32: 1 });
  });
});

describe("other routes of the same server", () => {
  test("come first and keep their body parsers", async () => {
    const { send } = await serve([{ rule: ruleOf("POST", "/{f_string=**}", { body: "*" }) }], {}, (app) => {
      app.post("/mine", async ({ body }) => ({ mine: body }));
    });

    expect((await send("POST", "/mine", { headers: json, body: "[1]" })).json).toEqual({ mine: [1] });
    expect((await send("POST", "/other", { headers: json, body: "{}" })).json).toMatchObject({
      f_string: "other",
    });
  });
});

describe("rules that cannot be served stop the start", () => {
  const start = (...rules: ReturnType<typeof ruleOf>[]) =>
    compileRules(methodsOf(...rules.map((rule) => ({ rule }))), {
      collapseSlashes: true,
      ignoreTrailingSlash: true,
    });

  test("with the names of both methods that collide", () => {
    expect(() => start(ruleOf("GET", "/a/{f_string}/b"), ruleOf("GET", "/a/*/b"))).toThrow(
      "transcode.cases.v1.Cases.Call0 and transcode.cases.v1.Cases.Call1 both answer GET /a/*/b",
    );
  });

  test("also when two literals differ only in their escapes", () => {
    expect(() => start(ruleOf("GET", "/a%2D"), ruleOf("GET", "/a-"))).toThrow(RuleConflict);
  });

  test("with every problem at once", () => {
    const rules = [
      ruleOf("GET", "/a/{nope}"),
      ruleOf("GET", "/b", { body: "*" }),
      ruleOf("POST", "/c", { body: "child.name", responseBody: "nope" }),
      ruleOf("GET", "/{r_string}"),
      ruleOf("GET", "/{ts}"),
      ruleOf("POST", "/d/{f_string}", { body: "f_string" }),
      ruleOf("FETCH", "/e"),
      ruleOf("GET", "/f", {
        additionalBindings: [ruleOf("GET", "/g", { additionalBindings: [ruleOf("GET", "/h")] })],
      }),
      ruleOf("GET", "/a*"),
      ruleOf("GET", "/i"),
      ruleOf("GET", "/i"),
    ];

    const problems = problemsOf(() => start(...rules));

    expect(problems).toEqual([
      expect.stringContaining('Call0: transcode.cases.v1.Sample has no field "nope"'),
      expect.stringContaining("Call1: GET has no body"),
      expect.stringContaining('Call2: body "child.name" is no field'),
      expect.stringContaining('Call2: response_body "nope" is no field'),
      expect.stringContaining('Call3: the path variable "r_string" is a list'),
      expect.stringContaining('Call4: the path variable "ts" is a message'),
      expect.stringContaining('Call5: "f_string" is bound to the path and to the body'),
      expect.stringContaining('Call6: "FETCH" is no HTTP method'),
      expect.stringContaining("Call7: additional_bindings cannot hold additional_bindings"),
      expect.stringContaining('Call8: path template "/a*" is malformed at 3: unexpected text'),
      expect.stringContaining("both answer GET /i"),
    ]);
  });

  test("when a stream of requests has no body", () => {
    const methods = methodsOf({ rule: ruleOf("POST", "/a"), clientStreaming: true });

    expect(() => compileRules(methods, { collapseSlashes: true, ignoreTrailingSlash: true })).toThrow(
      "a stream of requests needs a body",
    );
  });
});

function problemsOf(start: () => unknown): readonly string[] {
  try {
    start();
  } catch (error) {
    if (error instanceof RuleConflict) return error.problems;
    throw error;
  }
  return [];
}
