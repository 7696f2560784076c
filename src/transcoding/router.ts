import { TranscodingError } from "./error.js";
import { segmentText, type Template, type Variable } from "./template.js";

export interface PathPolicy {
  /** `//a///b` is `/a/b`. Gateways like to join paths carelessly. */
  readonly collapseSlashes: boolean;
  /** `/a/` is `/a`. */
  readonly ignoreTrailingSlash: boolean;
}

export type Found<T> =
  | { readonly route: T; readonly values: PathValues }
  /** The path exists, with other methods. Sorted. */
  | { readonly allow: readonly string[] };

/** Finds routes by method and path: literal before `*` before `**`, whatever the order of registration. */
export class Router<T> {
  private readonly root = emptyNode<T>();
  private readonly verbs = new Set<string>();

  constructor(private readonly policy: PathPolicy) {}

  /** Adds a route. `method` may be "*", any method. Answers the route that already has the same shape, if there is one. */
  add(method: string, template: Template, route: T): T | undefined {
    let node = this.root;
    for (const segment of template.segments) {
      if (segment.kind === "literal") {
        const next = node.literals.get(segment.text) ?? emptyNode<T>();
        node.literals.set(segment.text, next);
        node = next;
      } else {
        node[segment.kind] ??= emptyNode<T>();
        node = node[segment.kind] ?? node;
      }
    }
    if (template.verb !== "") this.verbs.add(template.verb);
    const leaf = node.leaves.get(template.verb) ?? new Map<string, Leaf<T>>();
    node.leaves.set(template.verb, leaf);
    const taken = leaf.get(method);
    if (taken === undefined) leaf.set(method, { route, template });
    return taken?.route;
  }

  /** `path` comes without its query. Undefined when no route has this path. Throws TranscodingError ("bad_path"). */
  find(method: string, path: string): Found<T> | undefined {
    if (!path.startsWith("/")) throw new TranscodingError("bad_path", "the path does not start with a slash");
    const raw = path.slice(1).split("/");
    const allow = new Set<string>();
    const found = this.findWithVerb(method, raw, allow) ?? this.findLeaf(method, raw, "", allow);
    if (found !== undefined) return found;
    if (allow.size > 0) return { allow: [...allow].sort() };
    return undefined;
  }

  private findWithVerb(method: string, raw: readonly string[], allow: Set<string>): Found<T> | undefined {
    if (this.verbs.size === 0) return undefined;
    const last = raw.at(-1) ?? "";
    const colon = last.lastIndexOf(":");
    if (colon === -1) return undefined;
    const verb = decodeSegment(last.slice(colon + 1));
    // A text that is nobody's verb is part of the value.
    if (!this.verbs.has(verb)) return undefined;
    return this.findLeaf(method, [...raw.slice(0, -1), last.slice(0, colon)], verb, allow);
  }

  private findLeaf(
    method: string,
    sent: readonly string[],
    verb: string,
    allow: Set<string>,
  ): Found<T> | undefined {
    const raw = this.tidy(sent);
    const texts = raw.map(decodeSegment);
    const leaf = descend(this.root, { texts, verb, method, allow }, 0);
    return leaf && { route: leaf.route, values: new PathValues(leaf.template, raw, texts) };
  }

  private tidy(raw: readonly string[]): readonly string[] {
    if (!raw.includes("")) return raw;
    if (raw.length === 1) return [];
    const { collapseSlashes, ignoreTrailingSlash } = this.policy;
    const last = raw.length - 1;
    return raw.filter(
      (text, index) => text !== "" || !(index === last ? ignoreTrailingSlash : collapseSlashes),
    );
  }
}

/** What the variables of a template stand for in one path. */
export class PathValues {
  constructor(
    private readonly template: Template,
    private readonly raw: readonly string[],
    private readonly texts: readonly string[],
  ) {}

  /** The decoded value; of several segments, all is decoded but the slash. */
  of(variable: Variable): string {
    const { segments } = this.template;
    const rest = segments.findIndex(({ kind }) => kind === "rest");
    const surplus = this.texts.length - segments.length;
    const shift = (index: number) => (rest !== -1 && index > rest ? index + surplus : index);
    const start = shift(variable.start);
    const end = shift(variable.end);
    const isSingle = variable.end - variable.start === 1 && variable.start !== rest;
    if (isSingle) return this.texts[start] ?? "";
    return this.raw.slice(start, end).map(decodeAllButSlash).join("/");
  }
}

/** The shape that decides whether two templates collide. */
export const shapeOf = (template: Template): string =>
  `/${template.segments.map(segmentText).join("/")}${template.verbSource && `:${template.verbSource}`}`;

interface Leaf<T> {
  readonly route: T;
  readonly template: Template;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  any: Node<T> | undefined;
  rest: Node<T> | undefined;
  /** By verb, then by method. */
  readonly leaves: Map<string, Map<string, Leaf<T>>>;
}

interface Wanted {
  readonly texts: readonly string[];
  readonly verb: string;
  readonly method: string;
  /** Collects the methods of all leaves with this path. */
  readonly allow: Set<string>;
}

const emptyNode = <T>(): Node<T> => ({
  literals: new Map(),
  any: undefined,
  rest: undefined,
  leaves: new Map(),
});

function descend<T>(node: Node<T>, wanted: Wanted, at: number): Leaf<T> | undefined {
  const text = wanted.texts[at];
  if (text === undefined) {
    const leaf = leafOf(node, wanted);
    if (leaf !== undefined) return leaf;
  } else {
    const literal = node.literals.get(text);
    const byLiteral = literal && descend(literal, wanted, at + 1);
    if (byLiteral !== undefined) return byLiteral;
    // An empty segment names nothing, so "*" does not take it.
    const byAny = node.any && text !== "" ? descend(node.any, wanted, at + 1) : undefined;
    if (byAny !== undefined) return byAny;
  }
  if (node.rest === undefined) return undefined;
  // The shortest stretch first, so that the longest tail after "**" wins.
  for (let next = at; next <= wanted.texts.length; next++) {
    const byRest = descend(node.rest, wanted, next);
    if (byRest !== undefined) return byRest;
  }
  return undefined;
}

function leafOf<T>(node: Node<T>, { verb, method, allow }: Wanted): Leaf<T> | undefined {
  const methods = node.leaves.get(verb);
  if (methods === undefined) return undefined;
  const leaf =
    methods.get(method) ?? (method === "HEAD" ? methods.get("GET") : undefined) ?? methods.get("*");
  if (leaf === undefined) for (const offered of methods.keys()) allow.add(offered);
  return leaf;
}

function decodeSegment(raw: string): string {
  if (!raw.includes("%")) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new TranscodingError("bad_path", "the path has a malformed percent escape");
  }
}

function decodeAllButSlash(raw: string): string {
  if (!raw.includes("%")) return raw;
  return raw
    .split(/(%2f)/i)
    .map((part, index) => (index % 2 === 1 ? part : decodeSegment(part)))
    .join("");
}
