import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { parseTemplate } from "../../src/transcoding/template.js";
import { ruleOf } from "./schema.js";
import { echo, serve, type TestRoute } from "./server.js";

test("every policy that a case names is decided in the manual", () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");
  const named = [...read("cases.json").matchAll(/"policy:([a-z0-9-]+)"/g)].map(([, id]) => id);

  const manual = read("../../docs/transcoding.md");

  expect(named.filter((id) => !manual.includes(`| ${id} |`))).toEqual([]);
});

// Decisions of docs/transcoding.md that no row of cases.json covers.

const query: TestRoute = { rule: ruleOf("GET", "/a") };
const isMalformed = (template: string) => expect(() => parseTemplate(template)).toThrow("is malformed");

test("star-inside-literal: a star is a wildcard or nothing", () => {
  isMalformed("/a*b");
  isMalformed("/*a");
});

test("a verb belongs to the end of the path", () => {
  isMalformed("/a:b:c");
  isMalformed("/a:b/c");
});

test("unpadded-base64: padding and the alphabet of URLs are optional", async () => {
  const { send } = await serve([query]);

  expect((await send("GET", "/a?f_bytes=-_8")).json).toMatchObject({ f_bytes: "+/8=" });
});

test("lenient-number: plus signs, leading zeros and blanks are refused", async () => {
  const { send } = await serve([query]);

  for (const text of ["%2B5", "05", "5%20", "5.", ".5", "1e", "0x1", "1_000", "Infinity"]) {
    expect((await send("GET", `/a?f_int32=${text}`)).status, text).toBe(400);
  }
});

test("integer-exponent: whole numbers may be written with an exponent, whatever their size", async () => {
  const { send } = await serve([query]);

  expect((await send("GET", "/a?f_int64=12e2&f_uint32=3.0")).json).toMatchObject({
    f_int64: "1200",
    f_uint32: 3,
  });
  expect((await send("GET", "/a?f_int64=1e30")).status).toBe(400);
});

test("integer-exponent: a whole number in a path has one form", async () => {
  const { send } = await serve([{ rule: ruleOf("GET", "/a/{f_int64}") }]);

  expect((await send("GET", "/a/5")).json).toMatchObject({ f_int64: "5" });
  for (const text of ["5.0", "5e0", "05", "-0", "%2B5"])
    expect((await send("GET", `/a/${text}`)).status, text).toBe(400);
});

test("lenient-bool: only true and false are booleans", async () => {
  const { send } = await serve([query]);

  for (const text of ["1", "0", "t", "True", "yes", "on"]) {
    expect((await send("GET", `/a?f_bool=${text}`)).status, text).toBe(400);
  }
});

test("case-insensitive-enum and unknown-enum-number: words by the letter, any number", async () => {
  const { send } = await serve([query]);

  expect((await send("GET", "/a?f_enum=red")).status).toBe(400);
  expect((await send("GET", "/a?f_enum=77")).json).toMatchObject({ f_enum: 77 });
});

test("repeated-index-syntax: an index, and brackets on a single value, are refused", async () => {
  const { send } = await serve([query]);

  expect((await send("GET", "/a?r_string[0]=a")).status).toBe(400);
  expect((await send("GET", "/a?f_string[]=a")).status).toBe(400);
});

test("walk-into-wkt: well-known types are values, not messages", async () => {
  const { send } = await serve([query]);

  expect((await send("GET", "/a?ts.seconds=5")).status).toBe(400);
  expect((await send("GET", "/a?w_int32.value=5")).status).toBe(400);
  expect((await send("GET", "/a?st.fields=5")).status).toBe(400);
});

test("timestamp-lowercase: t and z are refused", async () => {
  const { send } = await serve([query]);

  expect((await send("GET", "/a?ts=2020-01-01t00:00:00z")).status).toBe(400);
});

test("struct-in-query: JSON text, no deeper than any JSON", async () => {
  const { send } = await serve([query], { limits: { jsonDepth: 5 } });

  expect((await send("GET", `/a?val=${"[".repeat(5)}${"]".repeat(5)}`)).status).toBe(200);
  expect((await send("GET", `/a?val=${"[".repeat(6)}${"]".repeat(6)}`)).status).toBe(400);
  expect((await send("GET", "/a?st=x")).status).toBe(400);
});

test("wkt-path-variable, repeated-path-variable: a path variable is a scalar or an enum", async () => {
  await expect(serve([{ rule: ruleOf("GET", "/{w_string}") }])).rejects.toThrow("not a scalar");
  await expect(serve([{ rule: ruleOf("GET", "/{r_int32}") }])).rejects.toThrow("not a scalar");
});

test("nested-body: the body is a field at the top", async () => {
  await expect(serve([{ rule: ruleOf("POST", "/a", { body: "self.child" }) }])).rejects.toThrow(
    "is no field",
  );
});

test("path-vs-body-collision: one field cannot be path and body", async () => {
  const route = { rule: ruleOf("POST", "/a/{f_string}", { body: "f_string" }) };

  await expect(serve([route])).rejects.toThrow("bound to the path and to the body");
});

test("delete-with-body: a rule may give DELETE a body", async () => {
  const { send } = await serve([{ rule: ruleOf("DELETE", "/a", { body: "*" }) }]);

  const answer = await send("DELETE", "/a", {
    headers: { "content-type": "application/json" },
    body: '{"f_string":"x"}',
  });

  expect(answer.json).toMatchObject({ f_string: "x" });
});

test("form-get-fallback: a form posted to a path of GET alone is not answered", async () => {
  const { send } = await serve([query]);

  const answer = await send("POST", "/a", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "f_string=x",
  });

  expect(answer.status).toBe(405);
});

test("duplicate-json-name: one field under two names is refused", async () => {
  const { send } = await serve([{ rule: ruleOf("POST", "/a", { body: "*" }) }]);

  const answer = await send("POST", "/a", {
    headers: { "content-type": "application/json" },
    body: '{"f_string":"x","fString":"x"}',
  });

  expect(answer.status).toBe(400);
});

test("unknown-any-detail: a detail of an unknown type keeps its name and its bytes", async () => {
  const detail = create(AnySchema, { typeUrl: "type.googleapis.com/none.Such", value: new Uint8Array([1]) });
  const { send } = await serve([
    {
      ...query,
      invoke: async (call) => {
        await echo(call);
        throw Object.assign(new Error("m"), { code: 9, details: [detail] });
      },
    },
  ]);

  expect((await send("GET", "/a")).json).toMatchObject({
    details: [{ "@type": "type.googleapis.com/none.Such", value: "AQ==" }],
  });
});

test("header-mapping: grpc-timeout in words is refused, without it there is no deadline", async () => {
  const seen: unknown[] = [];
  const { send } = await serve([
    {
      ...query,
      invoke: (call) => {
        seen.push(call.timeoutMs);
        return echo(call);
      },
    },
  ]);

  expect((await send("GET", "/a", { headers: { "grpc-timeout": "soon" } })).status).toBe(400);
  await send("GET", "/a");
  expect(seen).toEqual([undefined]);
});
