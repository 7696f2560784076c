import { describe, expect, test } from "vitest";
import { ruleOf, upload } from "./schema.js";
import { serve, type TestRoute } from "./server.js";

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };
const multipart = { "content-type": "multipart/form-data; boundary=X" };

const wholeBody: TestRoute = { rule: ruleOf("POST", "/a", { body: "*" }) };

/** Answers what was found wrong as "place fieldPath" instead of refusing it. */
const violationsOf = (route: TestRoute): TestRoute => ({
  ...route,
  invoke: async (call) => {
    const { message, violations } = await call.read();
    const found = violations.map(({ place, fieldPath }) => `${place} ${fieldPath}`);
    return { ...message, rString: found };
  },
});

describe("a value given in several places", () => {
  const route = { rule: ruleOf("POST", "/a/{f_string}", { body: "*" }) };

  test("the path wins over the body and the body over the query", async () => {
    const { send } = await serve([route]);
    const query = "f_string=q&opt_string=q&renamed=q&r_string=q&child.name=q&child.size=9";
    const body = JSON.stringify({ f_string: "b", optString: "b", r_string: ["b"], child: { name: "b" } });

    const answer = await send("POST", `/a/p?${query}`, { headers: json, body });

    expect(answer.json).toMatchObject({
      f_string: "p",
      opt_string: "b",
      renamed: "q",
      r_string: ["b"],
      child: { name: "b", size: 9 },
    });
  });

  test("the same holds for a form", async () => {
    const { send } = await serve([route]);
    const body = "f_string=b&opt_string=b&r_string=b&r_string=c";

    const answer = await send("POST", "/a/p?opt_string=q&r_string=q&renamed=q", { headers: form, body });

    expect(answer.json).toMatchObject({ f_string: "p", opt_string: "b", r_string: ["b", "c"], renamed: "q" });
  });

  test("a bad value in a weaker place does no harm", async () => {
    const { send } = await serve([{ rule: ruleOf("POST", "/a/{f_int32}", { body: "*" }) }]);

    const answer = await send("POST", "/a/7?f_int32=x", { headers: json, body: '{"f_int32": {}}' });

    expect(answer.json).toMatchObject({ f_int32: 7 });
  });

  test("a oneof chosen by the body is not changed by the query, but by the path", async () => {
    const byPath = { rule: ruleOf("POST", "/b/{pick_bool}", { body: "*" }) };
    const { send } = await serve([wholeBody, byPath]);
    const more = { headers: json, body: '{"pickString": "b"}' };

    expect((await send("POST", "/a?pick_bool=true", more)).json).toMatchObject({ pick_string: "b" });
    expect((await send("POST", "/b/true", more)).json).toMatchObject({ pick_bool: true });
  });
});

describe("wrong values", () => {
  test("are all reported, wherever they lie", async () => {
    const { send } = await serve([violationsOf({ rule: ruleOf("POST", "/a/{f_int64}", { body: "*" }) })]);
    const body = JSON.stringify({
      fInt32: "x",
      fString: "kept",
      fEnum: "PURPLE",
      child: { size: "x", name: 5, child: { tags: [1] } },
      rChild: [{ size: "x", name: "n" }],
      mSi: { a: "x" },
      ts: "yesterday",
      unknown: { deep: true },
    });

    const answer = await send("POST", "/a/x?f_bool=maybe&child.attrs=1", { headers: json, body });

    expect(answer.json).toMatchObject({
      f_string: "kept",
      r_child: [{ name: "n" }],
      r_string: [
        "body f_int32",
        "body f_enum",
        "body child.size",
        "body child.name",
        "body child.child.tags",
        "body r_child.size",
        "body m_si",
        "body ts",
        "query f_bool",
        "query child.attrs",
        "path f_int64",
      ],
    });
  });

  test("by the thousand are cut off after the first hundred", async () => {
    const { send } = await serve([violationsOf(wholeBody)], { limits: { jsonNodes: 100_000 } });
    const body = JSON.stringify({ rChild: Array.from({ length: 30_000 }, () => ({ size: "x" })) });

    const answer = await send("POST", "/a", { headers: json, body });

    expect((answer.json as { r_string: string[] }).r_string).toHaveLength(100);
  });

  test("more values than the bound says are refused before anything is built from them", async () => {
    const { send } = await serve([violationsOf(wholeBody)], { limits: { jsonNodes: 100 } });
    const list = (length: number) => JSON.stringify({ rInt32: Array.from({ length }, () => 1) });

    expect((await send("POST", "/a", { headers: json, body: list(98) })).status).toBe(200);
    expect((await send("POST", "/a", { headers: json, body: list(101) })).status).toBe(413);
  });

  test("two members of a oneof exclude each other, in JSON as in a form", async () => {
    const { send } = await serve([violationsOf(wholeBody)]);

    const byJson = await send("POST", "/a", { headers: json, body: '{"pickString":"a","pickBool":true}' });
    const byForm = await send("POST", "/a", { headers: form, body: "pick_child.name=a&pick_bool=true" });

    expect(byJson.json).toMatchObject({ pick_string: "a", r_string: ["body pick_bool"] });
    expect(byForm.json).toMatchObject({ pick_child: { name: "a" }, r_string: ["body pick_bool"] });
  });

  test("a singular field given twice is refused in a query", async () => {
    const { send } = await serve([violationsOf({ rule: ruleOf("GET", "/a") })]);

    expect((await send("GET", "/a?f_int32=1&fInt32=2")).json).toMatchObject({ r_string: ["query f_int32"] });
  });
});

describe("JSON", () => {
  test.each(["[]", '"text"', "null", "5", "", "{", "{}}", '{"a":', "\u0000"])(
    "%j is no object",
    async (body) => {
      const { send } = await serve([wholeBody]);

      const answer = await send("POST", "/a", { headers: json, body });

      expect(answer.status).toBe(body === "" ? 200 : 400);
    },
  );

  test("an empty body needs no content type", async () => {
    const { send } = await serve([wholeBody]);

    expect((await send("POST", "/a")).status).toBe(200);
  });

  test("a body on GET is ignored", async () => {
    const { send } = await serve([{ rule: ruleOf("GET", "/a") }]);

    const answer = await send("GET", "/a?f_int32=1", { headers: json, body: '{"f_string":"x"' });

    expect(answer.json).toMatchObject({ f_int32: 1, f_string: "" });
  });

  test("JSON without a content type is read", async () => {
    const { send } = await serve([wholeBody]);

    expect((await send("POST", "/a", { body: '{"fString":"a"}' })).json).toMatchObject({ f_string: "a" });
  });

  test("of a duplicate key the last counts, and __proto__ is a name like any other", async () => {
    const { send } = await serve([wholeBody]);
    const body =
      '{"fString":"a","fString":"b","__proto__":{"fInt32":5},"mSs":{"__proto__":"x"},"constructor":1}';

    const answer = await send("POST", "/a", { headers: json, body });

    expect(answer.json).toMatchObject({ f_string: "b", f_int32: 0 });
    expect(answer.text).toContain('"m_ss":{"__proto__":"x"}');
    expect(({} as { fInt32?: number }).fInt32).toBeUndefined();
  });

  test("deeper than the limit is refused, brackets in strings do not count", async () => {
    const { send } = await serve([wholeBody], { limits: { jsonDepth: 20 } });
    const lists = (depth: number) => `{"val":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const text = JSON.stringify({ fString: `"\\${"[".repeat(500)}` });

    expect((await send("POST", "/a", { headers: json, body: lists(19) })).status).toBe(200);
    expect((await send("POST", "/a", { headers: json, body: lists(20) })).status).toBe(400);
    expect((await send("POST", "/a", { headers: json, body: text })).status).toBe(200);
  });

  test("that is no UTF-8 is refused", async () => {
    const { send } = await serve([wholeBody]);
    const body = Buffer.from([...Buffer.from('{"fString":"'), 0xff, ...Buffer.from('"}')]);

    expect((await send("POST", "/a", { headers: json, body })).status).toBe(400);
  });

  test("unknown fields can be refused", async () => {
    const { send } = await serve([wholeBody], { ignoreUnknown: false });

    expect((await send("POST", "/a", { headers: json, body: '{"nope":1}' })).status).toBe(400);
    expect((await send("POST", "/a", { headers: json, body: '{"child":{"nope":1}}' })).status).toBe(400);
    expect((await send("POST", "/a?nope=1")).status).toBe(400);
  });

  test("null can mean the empty string", async () => {
    const body = '{"optString":null,"fString":null}';
    const lenient = await serve([wholeBody], { nullMeansEmpty: () => true });
    const plain = await serve([wholeBody]);

    expect((await lenient.send("POST", "/a", { headers: json, body })).json).toMatchObject({
      opt_string: "",
    });
    expect((await plain.send("POST", "/a", { headers: json, body })).json).not.toHaveProperty("opt_string");
  });

  test.each([
    "text/plain",
    "application/xml",
    "application/json; charset=latin1",
    "application/octet-stream",
    "nonsense",
    ";",
  ])("the media type %s is not read", async (type) => {
    const { send } = await serve([wholeBody]);

    expect((await send("POST", "/a", { headers: { "content-type": type }, body: "{}" })).status).toBe(415);
  });

  test("an unknown or a lying content encoding is refused", async () => {
    const { send } = await serve([wholeBody]);
    const encoded = (encoding: string) => ({
      headers: { ...json, "content-encoding": encoding },
      body: "{}",
    });

    expect((await send("POST", "/a", encoded("zstd-9"))).status).toBe(415);
    expect((await send("POST", "/a", encoded("gzip"))).status).toBe(400);
    expect((await send("POST", "/a", encoded("identity"))).status).toBe(200);
  });
});

describe("forms", () => {
  test("reach nested, repeated and map fields", async () => {
    const { send } = await serve([wholeBody]);
    const body =
      "f_string=a+b%2B&child.name=n&r_int32[]=1&r_int32[]=2&m_ss[k.1]=v&f_bool=true&ts=2020-01-02T03:04:05Z";

    const answer = await send("POST", "/a", { headers: form, body });

    expect(answer.json).toMatchObject({
      f_string: "a b+",
      child: { name: "n" },
      r_int32: [1, 2],
      m_ss: { "k.1": "v" },
      f_bool: true,
      ts: "2020-01-02T03:04:05Z",
    });
  });

  test("for a body field name its fields", async () => {
    const { send } = await serve([{ rule: ruleOf("PUT", "/a", { body: "child" }) }]);

    const answer = await send("PUT", "/a?f_string=q", { headers: form, body: "name=n&child.size=4&tags=t" });

    expect(answer.json).toMatchObject({ f_string: "q", child: { name: "n", size: 4, tags: ["t"] } });
  });

  test.each(["f_string=%zz", "f_string=%ff", Buffer.from([0x61, 0x3d, 0xff])])(
    "%s is malformed",
    async (body) => {
      const { send } = await serve([wholeBody]);

      expect((await send("POST", "/a", { headers: form, body })).status).toBe(400);
    },
  );

  test("and queries have a bounded number of parameters", async () => {
    const { send } = await serve([wholeBody], { limits: { queryParameters: 3 } });

    expect((await send("POST", "/a?a=1&b=2&c=3")).status).toBe(200);
    expect((await send("POST", "/a?a=1&b=2&c=3&d=4")).status).toBe(400);
    expect((await send("POST", "/a", { headers: form, body: "a=1&b=2&c=3&d=4" })).status).toBe(400);
  });

  test("and queries may be full of separators, of which nothing is made", async () => {
    const { send } = await serve([wholeBody], { limits: { queryParameters: 1 } });
    const body = `${"&".repeat(60_000)}f_string=x&&`;

    expect((await send("POST", "/a", { headers: form, body })).json).toMatchObject({ f_string: "x" });
    expect((await send("POST", "/a?&&f_string=x&&")).json).toMatchObject({ f_string: "x" });
  });

  test("and queries have names as deep as JSON may be nested", async () => {
    const { send } = await serve([wholeBody], { limits: { jsonDepth: 3 } });
    const [fits, deeper] = ["self.self.f_string=x", "self.self.self.f_string=x"];

    expect((await send("POST", `/a?${fits}`)).status).toBe(200);
    expect((await send("POST", `/a?${deeper}`)).status).toBe(400);
    expect((await send("POST", "/a", { headers: form, body: fits })).status).toBe(200);
    expect((await send("POST", "/a", { headers: form, body: deeper })).status).toBe(400);
    expect((await send("POST", "/a?m_ss[a.b.c.d.e]=x")).status).toBe(200);
  });

  test("are not looked at any further once they have a hundred wrong values", async () => {
    const { send } = await serve([violationsOf(wholeBody)]);
    const body = "f_int32[0]=1&".repeat(1000);

    const answer = await send("POST", "/a", { headers: form, body });

    expect((answer.json as { r_string: string[] }).r_string).toHaveLength(100);
  });

  test("on a DELETE are read when the rule has a body, and ignored when not", async () => {
    const { send } = await serve([
      { rule: ruleOf("DELETE", "/a", { body: "*" }) },
      { rule: ruleOf("DELETE", "/b") },
    ]);
    const more = { headers: form, body: "f_string=x" };

    expect((await send("DELETE", "/a", more)).json).toMatchObject({ f_string: "x" });
    expect((await send("DELETE", "/b", more)).json).toMatchObject({ f_string: "" });
  });
});

describe("multipart forms", () => {
  const file = (name: string, content: string) =>
    `--X\r\ncontent-disposition: form-data; name="${name}"; filename="f.bin"\r\ncontent-type: image/png\r\n\r\n${content}\r\n`;
  const field = (name: string, content: string) =>
    `--X\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
  const end = "--X--\r\n";
  const uploads: TestRoute = { rule: ruleOf("POST", "/a", { body: "*" }), input: upload, output: upload };
  const base64 = (text: string) => Buffer.from(text).toString("base64");

  test("have a bounded number of parts", async () => {
    const { send } = await serve([uploads], { limits: { formParts: 3 } });
    const headers = { "content-type": "multipart/form-data; boundary=X" };
    const sent = (parts: number) =>
      send("POST", "/a", { headers, body: field("f_string[]", "x").repeat(parts) + end });

    expect((await sent(3)).json).not.toMatchObject({ message: expect.stringContaining("parts") });
    expect(await sent(4)).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining("more than 3 parts") },
    });
  });

  test("put files into bytes, lists of bytes and google.api.HttpBody", async () => {
    const { send } = await serve([uploads]);
    const body =
      file("http_body", "one") + file("more", "two") + field("f_string", "é") + file("more[]", "3") + end;

    const answer = await send("POST", "/a?f_string=q", { headers: multipart, body });

    expect(answer.json).toMatchObject({
      f_string: "é",
      http_body: { content_type: "image/png", data: base64("one") },
      more: [base64("two"), base64("3")],
    });
  });

  test("a file for a text field is refused, a file for no field is ignored", async () => {
    const { send } = await serve([uploads]);

    expect((await send("POST", "/a", { headers: multipart, body: file("f_string", "x") + end })).status).toBe(
      400,
    );
    expect((await send("POST", "/a", { headers: multipart, body: file("nope", "x") + end })).status).toBe(
      200,
    );
  });

  test.each([
    ["cut in a file", file("more", "x".repeat(50)).slice(0, -20)],
    ["cut in a field", field("f_string", "x".repeat(50)).slice(0, -20)],
    ["without its end", file("more", "two")],
    ["of another boundary", "--Y\r\n\r\n--Y--\r\n"],
    ["that is no multipart at all", "{}"],
  ])("a form %s is malformed", async (_, body) => {
    const { send } = await serve([uploads]);

    expect((await send("POST", "/a", { headers: multipart, body })).status).toBe(400);
  });

  test("a form without a boundary is malformed", async () => {
    const { send } = await serve([uploads]);

    const answer = await send("POST", "/a", {
      headers: { "content-type": "multipart/form-data" },
      body: end,
    });

    expect(answer.status).toBe(400);
  });

  test("a text that is no UTF-8 is refused", async () => {
    const { send } = await serve([uploads]);
    const body = Buffer.from(field("f_string", "\u00ff") + end, "latin1");

    expect((await send("POST", "/a", { headers: multipart, body })).status).toBe(400);
  });

  test("the whole form counts against the limit", async () => {
    const { send } = await serve([uploads], { limits: { bodyBytes: 1000 } });
    const body = file("more", "x".repeat(500)) + file("more", "x".repeat(500)) + end;

    expect((await send("POST", "/a", { headers: multipart, body })).status).toBe(413);
  });

  test("a form of very many parts is refused", async () => {
    const { send } = await serve([uploads]);
    const body = field("f", "").repeat(1100) + end;

    expect((await send("POST", "/a", { headers: multipart, body })).status).toBe(400);
  });
});
