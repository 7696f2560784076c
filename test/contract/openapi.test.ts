import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type DescMethod, type DescService, getOption } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  Access,
  method as methodRules,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";
import { type Binding, compileRules } from "../../src/transcoding/rules.js";
import { describeEachDatabase } from "../support/databases.js";
import { component, document, type Operation } from "../support/openapi/document.js";
import { checkJson } from "../support/openapi/schemas.js";
import { type Exchange, validateExchange } from "../support/openapi/validate.js";
import { rest } from "../support/rest.js";
import { startedApp } from "../support/start-app.js";

const ANY = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

const services = await servicesOfSchema();
const { bindings } = compileRules(
  services.flatMap(({ methods }) => methods),
  { collapseSlashes: true, ignoreTrailingSlash: true },
);

/** Every operation of the document with its address. */
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

async function servicesOfSchema(): Promise<DescService[]> {
  const gen = join(import.meta.dirname, "../../gen/barong");
  const files = readdirSync(gen, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_service_pb.ts"),
  );
  const modules = await Promise.all(files.map((name) => import(join(gen, name)) as Promise<object>));
  return modules.flatMap((module) => Object.values(module).filter(isService));
}

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}

describe("the OpenAPI document", () => {
  test("has every REST method of the schema, and nothing else", () => {
    const served = bindings.flatMap(addressesOf);

    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served.sort());
  });

  test.each(operations)("$method $path has exactly the parameters of its request", ({ operation }) => {
    const fields = methodOf(operation).input.fields.map(({ name }) => name);

    expect(parametersOf(operation).sort()).toEqual(fields.sort());
  });

  test("lists no API key where the schema lets only people call, as in all that staff change", () => {
    const forPeople = operations
      .filter(({ operation }) => operation.security.length > 0)
      .filter(({ operation }) => !operation.security.some((way) => "apiKey" in way))
      .map(({ operation }) => methodOf(operation));
    const staffWrites = services
      .flatMap(({ methods }) => methods)
      .filter((method) => {
        const { access, readOnly } = getOption(method, methodRules);
        const isForStaff = (access || getOption(method.parent, serviceRules).access) === Access.STAFF;
        return isForStaff && !readOnly;
      });

    expect(staffWrites.length).toBeGreaterThan(8);
    expect(forPeople).toEqual(expect.arrayContaining(staffWrites));
    expect(new Set(forPeople)).toEqual(
      new Set(
        services
          .flatMap(({ methods }) => methods)
          .filter(
            (method) =>
              getOption(method, methodRules).noApiKeys || getOption(method.parent, serviceRules).noApiKeys,
          ),
      ),
    );
  });

  test("has examples that fit", () => {
    const schemas = schemasIn(document);

    const faults = schemas.flatMap((schema) =>
      (schema.examples ?? [])
        .map((example) => checkJson(schema, example))
        .filter((fault) => fault !== undefined),
    );

    expect(schemas.length).toBeGreaterThan(50);
    expect(faults).toEqual([]);
  });

  test("refers to nothing outside itself", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target,
    );

    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((target) => !/^(?:#\/components\/|schema:)/.test(target ?? ""))).toEqual([]);
  });
});

function addressesOf({ httpMethod, template: { source } }: Binding): string[] {
  const path = source.replace("=**}", "}");
  return (httpMethod === "*" ? ANY : [httpMethod]).map((method) => `${method} ${path}`);
}

function methodOf({ operationId }: Operation): DescMethod {
  const [audience, service, name] = operationId.split(".");
  const method = services
    .find(({ typeName }) => typeName === `barong.${audience}.v1.${service}`)
    ?.methods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new Error(`the schema has no method ${operationId}`);
  return method;
}

/** Names of everything that a request may hold, wherever it comes. */
function parametersOf({ parameters = [], requestBody }: Operation): string[] {
  const schema = requestBody?.content["application/json"]?.schema ?? {};
  const { properties = {} } = component(schema) as { properties?: object };
  return [...parameters.map(({ name }) => name), ...Object.keys(properties)];
}

/** Everything with examples, however deep. */
function schemasIn(part: unknown): { readonly examples: readonly unknown[] }[] {
  if (typeof part !== "object" || part === null) return [];
  const within = Object.values(part).flatMap(schemasIn);
  if (!("examples" in part) || !Array.isArray(part.examples)) return within;
  return [{ ...part, examples: part.examples }, ...within];
}

describe("the validator of the REST suite", () => {
  const user = {
    email: "a@b.co",
    uid: "ID30DD0DD986",
    role: "member",
    level: 0,
    otp: false,
    state: "active",
  };
  const json = { "content-type": "application/json" };
  const me: Exchange = {
    method: "GET",
    path: "/api/v2/resource/users/me",
    query: "",
    status: 200,
    answer: JSON.stringify(user),
    headers: new Headers(json),
  };
  const signUp: Exchange = {
    ...me,
    method: "POST",
    path: "/api/v2/identity/users",
    contentType: "application/json",
    body: JSON.stringify({ email: "a@b.co", password: "Tecohvi0" }),
    status: 201,
    answer: "201",
  };
  const list: Exchange = {
    ...me,
    path: "/api/v2/admin/users",
    query: "page=2&limit=5",
    answer: "[]",
    headers: new Headers({ ...json, total: "7", page: "2", "per-page": "5" }),
  };
  const labels: Exchange = {
    ...me,
    method: "DELETE",
    path: "/api/v2/admin/users/labels",
    query: "uid=ID30DD0DD986&key=phone&scope=private",
    status: 204,
    answer: "",
    headers: new Headers(),
  };
  const refusal = (status: number, ...errors: string[]) => ({ status, answer: JSON.stringify({ errors }) });

  test("accepts what is as documented", () => {
    const form = { contentType: "application/x-www-form-urlencoded", body: "email=a@b.co&password=Tecohvi0" };

    for (const exchange of [me, signUp, { ...signUp, ...form }, list, { ...list, query: "page=" }, labels]) {
      validateExchange(exchange);
    }
    validateExchange({ ...signUp, ...refusal(422, "email.taken"), body: "{" });
    validateExchange({ ...me, path: "/api/v2//resource/users/me/" });
  });

  const wrong: readonly (readonly [string, Exchange, string])[] = [
    ["a status that is not described", { ...me, status: 202 }, "status 202"],
    ["a code of another method", { ...me, ...refusal(401, "identity.session.banned") }, "allowed values"],
    ["a code with another status", { ...signUp, ...refusal(401, "email.taken") }, "status 401"],
    ["no code at all", { ...signUp, ...refusal(422) }, "fewer than 1 items"],
    [
      "a field too many",
      { ...me, answer: JSON.stringify({ ...user, password: "x" }) },
      "additional properties",
    ],
    ["a field too few", { ...me, answer: JSON.stringify({ ...user, uid: undefined }) }, "'uid'"],
    ["a field of another type", { ...me, answer: JSON.stringify({ ...user, level: "0" }) }, "/level"],
    [
      "a word that the enum does not have",
      { ...me, answer: JSON.stringify({ ...user, state: "new" }) },
      "/state",
    ],
    ["another status in the body", { ...signUp, answer: "200" }, "constant"],
    ["a body where none is described", { ...labels, answer: "204" }, "no body"],
    ["another content type", { ...me, headers: new Headers({ "content-type": "text/html" }) }, "text/html"],
    ["a page without its headers", { ...list, headers: new Headers(json) }, "header Total is missing"],
    [
      "429 without a time to wait",
      { ...signUp, ...refusal(429, "server.too_many_requests") },
      "header Retry-After is missing",
    ],
    ["a path that is not described", { ...me, path: "/api/v2/resource/users" }, "Route is not found"],
    ["a verb that is not described", { ...me, method: "POST" }, "method_not_allowed"],
    ["success without a required member", { ...signUp, body: '{"email":"a@b.co"}' }, "'password'"],
    [
      "success with a member that breaks a rule",
      { ...signUp, body: '{"email":" ","password":"x"}' },
      "/email",
    ],
    ["success without a required parameter", { ...labels, query: "uid=ID30DD0DD986" }, "key is missing"],
    ["success with a parameter out of range", { ...list, query: "limit=101" }, "limit"],
    ["success with a parameter of another type", { ...list, query: "page=two" }, "page"],
    ["success with a body of another type", { ...signUp, contentType: "text/plain" }, "text/plain"],
  ];

  test.each(wrong)("refuses %s", (_what, exchange, reason) => {
    expect(() => validateExchange(exchange)).toThrow(reason);
  });
});

describeEachDatabase("the documentation as it is served", (database) => {
  const app = startedApp(database);
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${app.http}${path}`, { headers });

  test.each(operations)("$method $path is served", async ({ method, path }) => {
    const address = path.replace("/api/v2", "").replace(/\{\w+\}/g, "x");

    // Throws for what the document does not have; that is no answer of a route.
    const { status, body } = await rest(app, method, address);

    expect([status, body]).not.toEqual([404, { error: "Route is not found" }]);
    expect(status).not.toBe(405);
  });

  test("the document is the one of the repository, and asked for again only when it is another", async () => {
    const answer = await get("/api/v2/openapi.json");
    const text = await answer.text();
    const etag = answer.headers.get("etag") ?? "";

    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(JSON.parse(text.replaceAll('"#/components/schemas/', '"schema:'))).toEqual(document);
    const again = await get("/api/v2/openapi.json", { "if-none-match": etag });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await get("/api/v2/openapi.json", { "if-none-match": '"another"' })).status).toBe(200);
  });

  test.each(["/api/v2/docs", "/api/v2/docs/"])("%s is a page of files of this server alone", async (path) => {
    const answer = await get(path);
    const html = await answer.text();
    const policy = answer.headers.get("content-security-policy") ?? "";

    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy).not.toContain("unsafe");
    const files = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, file = ""]) => file);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(file).toMatch(/^\/api\/v2\/docs\//);
      expect((await get(file)).status).toBe(200);
    }
    expect(html).not.toMatch(/<script>|<style|style=|\bon\w+=/);
  });

  test("the page's own script shows the served document and names no other host", async () => {
    const script = await (await get("/api/v2/docs/page.js")).text();

    expect(script).toContain('url: "/api/v2/openapi.json"');
    expect(script).toContain("validatorUrl: null");
    expect(script).not.toMatch(/https?:|\/\/\w/);
  });

  test("other answers keep the policy that allows nothing", async () => {
    const policy = "default-src 'none'; frame-ancestors 'none'";

    for (const path of ["/api/v2/identity/ping", "/api/v2/openapi.json", "/api/v2/docs/other.js"]) {
      expect((await get(path)).headers.get("content-security-policy")).toBe(policy);
    }
  });
});
