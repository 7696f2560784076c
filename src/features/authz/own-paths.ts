import { type DescField, type DescMethod, getOption, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { http } from "../../../gen/google/api/annotations_pb.js";
import type { Call } from "../../platform/call.js";
import { pathUnder } from "../permissions/rules.js";
import { type PlainPath, plainPath } from "./plain-path.js";
import type { Soon } from "./verdicts.js";

/** The part of our paths in whose place a gateway has its own. */
const API = "api/v2/";

/** A method's verb and path as permissions are written for them. */
export interface OwnPath {
  readonly verb: string;
  readonly path: PlainPath;
}

/** Tells how a gateway would know a call; `read` answers its message, which is needed where the path has values of it. */
export type OwnPathOf = (
  call: Pick<Call, "method" | "door" | "asked">,
  read: () => Promise<Message>,
) => Soon<OwnPath>;

/** A method as google.api.http declares it. */
interface Declared {
  readonly verb: string;
  /** Variables as the schema names them. */
  readonly path: string;
  /** The fields whose values belong into the path, by their names. */
  readonly variables: ReadonlyMap<string, DescField>;
}

/**
 * How a gateway that offers this API under `ownPath` would know a call: by its path over REST; through the other doors by the path that
 * it would have had over REST, so that no door leads around a permission.
 */
export function ownPathsUnder(ownPath: string): OwnPathOf {
  const known = new Map<DescMethod, Declared>();
  const placed = (verb: string, path: string): OwnPath => {
    const place = path.startsWith(API) ? pathUnder(ownPath, path.slice(API.length)) : path;
    return { verb, path: { resolved: place } };
  };
  const declaredOf = (method: DescMethod): Declared => {
    const present = known.get(method);
    if (present) return present;
    const declared = declarationOf(method);
    known.set(method, declared);
    return declared;
  };
  return ({ method, door, asked }, read) => {
    const declared = declaredOf(method);
    const { path, variables } = declared;
    const isRest = door === "rest";
    const verb = isRest ? asked.verb : declared.verb;
    const sent = isRest ? ownTarget(asked.target) : undefined;
    if (sent !== undefined) return placed(verb, sent);
    if (variables.size === 0) return placed(verb, path);
    // What the path has led to counts, and not how it was written.
    return read().then((message) => placed(verb, ownTarget(filled(declared, message)) ?? path));
  };
}

/** A target in plain form, which may have come in its absolute one. Not that of peculiar values, which has led to its method all the same. */
function ownTarget(target: string | undefined): string | undefined {
  const [sent = ""] = target?.replace(ORIGIN, "").split("?", 1) ?? [];
  const path = plainPath(sent);
  const isOurs = path !== undefined && path.unresolved === undefined && path.resolved.startsWith(API);
  return isOurs ? path.resolved : undefined;
}

/** Scheme and host, as the router leaves them out. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i;

function declarationOf(method: DescMethod): Declared {
  const { verb, path } = ruleOf(method);
  const names = [...path.matchAll(VARIABLE)].map(([, name = ""]) => name);
  const variables = new Map(names.map((name) => [name, fieldOf(method, name)]));
  return { verb, path: path.replace(/^\/+/, ""), variables };
}

function ruleOf(method: DescMethod): { readonly verb: string; readonly path: string } {
  const { pattern } = getOption(method, http);
  if (pattern.case === undefined) return { verb: "POST", path: `${method.parent.typeName}/${method.name}` };
  if (pattern.case === "custom") return { verb: pattern.value.kind, path: pattern.value.path };
  return { verb: pattern.case.toUpperCase(), path: pattern.value };
}

/** `{uid}`, `{path=**}`. */
const VARIABLE = /\{([^{}=]+)(?:=[^{}]*)?\}/g;

/** Throws for a path by which no permission could name a value: better than not to judge it. */
function fieldOf({ input, name }: DescMethod, variable: string): DescField {
  const field = input.fields.find((candidate) => candidate.name === variable);
  if (field?.fieldKind !== "scalar")
    throw new Error(`${name} has the path variable ${variable}, no plain field`);
  return field;
}

/** The path with the values of a message; undefined where one of them is missing or has no place in a URL. */
function filled({ path, variables }: Declared, message: Message): string | undefined {
  const [first] = variables.values();
  if (first === undefined) return path;
  const values = reflect(first.parent, message);
  const texts = new Map(
    [...variables].map(([name, field]) => [name, values.isSet(field) ? String(values.get(field)) : ""]),
  );
  if ([...texts.values()].some((text) => text === "" || /\p{Surrogate}/u.test(text))) return undefined;
  return path.replace(VARIABLE, (_whole, name: string) => encodeURIComponent(texts.get(name) ?? ""));
}
