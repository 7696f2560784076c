export type Segment =
  /** `text` is what the literal means, `source` how it is written, with upper-case escapes. */
  | { readonly kind: "literal"; readonly text: string; readonly source: string }
  /** `*` */
  | { readonly kind: "any" }
  /** `**` */
  | { readonly kind: "rest" };

export interface Variable {
  readonly fieldPath: string;
  /** Covers the segments `start` (included) to `end` (excluded). */
  readonly start: number;
  readonly end: number;
}

export interface Template {
  readonly source: string;
  readonly segments: readonly Segment[];
  /** Decoded; "" when there is none. */
  readonly verb: string;
  readonly verbSource: string;
  readonly variables: readonly Variable[];
}

/** A path template that does not follow the grammar of google.api.http. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** Parses a google.api.http path template. Throws TemplateError. */
export function parseTemplate(source: string): Template {
  return new TemplateParser(source).parse();
}

/** The template's part from segment `start` to `end` as it would be written without variables. */
export function patternOf(template: Template, start = 0, end = template.segments.length): string {
  return template.segments.slice(start, end).map(segmentText).join("/");
}

export function segmentText(segment: Segment): string {
  if (segment.kind === "literal") return segment.source;
  return segment.kind === "any" ? "*" : "**";
}

// Characters of an RFC 3986 path segment without ":", which starts a verb, and "*", which is a wildcard.
const literalText = /(?:[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2})+/y;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;

class TemplateParser {
  private at = 0;
  private readonly segments: Segment[] = [];
  private readonly variables: Variable[] = [];

  constructor(private readonly source: string) {}

  parse(): Template {
    this.expect("/", "a template starts with a slash");
    // The grammar asks for a segment, but a service may well answer at its root.
    if (this.at < this.source.length) this.parseSegments(true);
    const verb = this.take(":") ? this.literal("a verb") : undefined;
    if (this.at < this.source.length) throw this.error("unexpected text");
    return {
      source: this.source,
      segments: this.segments,
      verb: verb?.text ?? "",
      verbSource: verb?.source ?? "",
      variables: this.variables,
    };
  }

  private parseSegments(variablesAllowed: boolean): void {
    do this.parseSegment(variablesAllowed);
    while (this.take("/"));
  }

  private parseSegment(variablesAllowed: boolean): void {
    if (this.take("**")) this.addRest();
    else if (this.take("*")) this.segments.push({ kind: "any" });
    else if (!this.take("{")) this.segments.push(this.literal("a segment"));
    else if (variablesAllowed) this.parseVariable();
    else throw this.error("a variable cannot hold another variable");
  }

  private addRest(): void {
    // Two of them could share the segments of a path in many ways.
    if (this.segments.some(({ kind }) => kind === "rest"))
      throw this.error('a template has one "**" at most');
    this.segments.push({ kind: "rest" });
  }

  private parseVariable(): void {
    const start = this.segments.length;
    const names = [this.match(identifier, "a field name")];
    while (this.take(".")) names.push(this.match(identifier, "a field name"));
    if (this.take("=")) this.parseSegments(false);
    else this.segments.push({ kind: "any" });
    this.expect("}", "a variable ends with a brace");
    const fieldPath = names.join(".");
    if (this.variables.some((other) => other.fieldPath === fieldPath)) {
      throw this.error(`"${fieldPath}" is bound twice`);
    }
    this.variables.push({ fieldPath, start, end: this.segments.length });
  }

  private literal(what: string): Segment & { kind: "literal" } {
    const source = this.match(literalText, what).replace(/%[0-9a-f]{2}/gi, (hex) => hex.toUpperCase());
    let text = source;
    try {
      text = decodeURIComponent(source);
    } catch {
      // Escapes that are no UTF-8 can only be compared as they are written.
    }
    return { kind: "literal", text, source };
  }

  private match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (found === null) throw this.error(`${what} is missing`);
    this.at = pattern.lastIndex;
    return found[0];
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private expect(text: string, rule: string): void {
    if (!this.take(text)) throw this.error(rule);
  }

  private error(reason: string): TemplateError {
    return new TemplateError(`path template "${this.source}" is malformed at ${this.at + 1}: ${reason}`);
  }
}
