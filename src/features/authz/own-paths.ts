import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { http } from "../../../gen/google/api/annotations_pb.js";
import type { Call } from "../../platform/call.js";
import { type PlainPath, plainPath } from "./plain-path.js";

/** The part of our paths in whose place a gateway has its own. */
const API = "api/v2/";

/** A method's verb and path as permissions are written for them. */
export interface OwnPath {
  readonly verb: string;
  readonly path: PlainPath;
}

/**
 * Tells how a gateway that offers this API under `ownPath` would know a call: by its path over REST; through the other doors by the
 * path that its method has over REST, variables as the schema names them, so that no door leads around a permission.
 */
export function ownPathsUnder(ownPath: string): (call: Pick<Call, "method" | "door" | "asked">) => OwnPath {
  const known = new Map<DescMethod, OwnPath>();
  const under = (path: string): string =>
    path.startsWith(API) ? `${ownPath}/${path.slice(API.length)}` : path;
  const declaredOf = (method: DescMethod): OwnPath => {
    const { verb, path } = ruleOf(method);
    const declared = { verb, path: { resolved: under(path.replace(/^\/+/, "")) } };
    known.set(method, declared);
    return declared;
  };
  return ({ method, door, asked }) => {
    const declared = known.get(method) ?? declaredOf(method);
    if (door !== "rest") return declared;
    const [sent = ""] = asked.target.split("?", 1);
    const path = plainPath(sent);
    // One with peculiar values in it, or in its absolute form, has led to its method all the same.
    const isOurs = path !== undefined && path.unresolved === undefined && path.resolved.startsWith(API);
    if (!isOurs) return { ...declared, verb: asked.verb };
    return { verb: asked.verb, path: { resolved: under(path.resolved) } };
  };
}

function ruleOf(method: DescMethod): { readonly verb: string; readonly path: string } {
  const { pattern } = getOption(method, http);
  if (pattern.case === undefined) return { verb: "POST", path: `${method.parent.typeName}/${method.name}` };
  if (pattern.case === "custom") return { verb: pattern.value.kind, path: pattern.value.path };
  return { verb: pattern.case.toUpperCase(), path: pattern.value };
}
