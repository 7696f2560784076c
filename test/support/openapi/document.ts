import { readFileSync } from "node:fs";
import { join } from "node:path";

/** As much of an OpenAPI document as is read here. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly headers: Readonly<Record<string, Header>>;
  };
}

export interface Operation {
  readonly operationId: string;
  /** Ways to prove who one is, one of which is enough. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required?: boolean;
  readonly allowEmptyValue?: boolean;
  readonly schema: Schema;
  readonly "x-multiple-segments"?: boolean;
}

export interface Content {
  readonly schema?: Schema;
  readonly encoding?: Readonly<Record<string, { readonly contentType: string }>>;
}

export interface Response {
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Readonly<Record<string, Content>>;
}

export interface Header {
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Reference {
  readonly $ref: string;
}

export type Schema = object;

const file = join(import.meta.dirname, "../../../docs/openapi/openapi.json");

/** What the server promises. Schemas refer to those of the components by `schema:<name>`, so that each can stand alone. */
export const document = JSON.parse(
  readFileSync(file, "utf8").replaceAll('"#/components/schemas/', '"schema:'),
) as OpenApi;

/** The schema that another one refers to, or the schema itself. */
export function component(schema: Schema): Schema {
  if (!("$ref" in schema)) return schema;
  return document.components.schemas[String(schema.$ref).replace("schema:", "")] ?? {};
}

/** What a reference stands for, or what is there without one. */
export function resolved<T extends object>(part: T | Reference): T {
  if (!("$ref" in part)) return part;
  const [, , kind = "", name = ""] = part.$ref.split("/");
  const parts = document.components as unknown as Readonly<Record<string, Readonly<Record<string, T>>>>;
  const target = parts[kind]?.[name];
  if (target === undefined) throw new Error(`the document refers to ${part.$ref}, which it does not have`);
  return target;
}

/** The operations at a path, which has neither query nor escapes that cannot be read. */
export interface Found {
  readonly operation: Operation | undefined;
  /** The values in the path, by the name of their parameter. */
  readonly values: Readonly<Record<string, string>>;
}

/** Finds the operation of a request; undefined where the document has no such path. */
export function findOperation(method: string, path: string): Found | undefined {
  const plain = path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
  const matching = routes.flatMap(({ pattern, item }) => {
    const match = pattern.exec(plain);
    return match ? [{ item, values: decoded(match.groups ?? {}) }] : [];
  });
  const wanted = method.toLowerCase();
  // Whoever answers GET answers HEAD.
  for (const name of wanted === "head" ? ["head", "get"] : [wanted]) {
    const found = matching.find(({ item }) => item[name] !== undefined);
    if (found) return { operation: found.item[name], values: found.values };
  }
  return matching[0] && { operation: undefined, values: {} };
}

const decoded = (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, readable(value)]));

function readable(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A value of which nothing can be made is refused; the answer says so.
    return value;
  }
}

/** A literal is more than a parameter, so paths with few parameters come first. */
const routes = Object.entries(document.paths)
  .map(([path, item]) => ({ path, item, pattern: patternOf(path, item) }))
  .sort((one, other) => parametersIn(one.path) - parametersIn(other.path));

function parametersIn(path: string): number {
  return path.split("{").length;
}

function patternOf(path: string, item: Readonly<Record<string, Operation>>): RegExp {
  const parameters = Object.values(item).flatMap((operation) => operation.parameters ?? []);
  const source = path
    .split(/(\{\w+\})/)
    .map((piece) => {
      const [, name] = /^\{(\w+)\}$/.exec(piece) ?? [];
      if (name === undefined) return piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const isLong = parameters.some(
        (parameter) => parameter.name === name && parameter["x-multiple-segments"],
      );
      return `(?<${name}>${isLong ? ".+" : "[^/]+"})`;
    })
    .join("");
  return new RegExp(`^${source}$`);
}
