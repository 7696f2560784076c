import { METHODS } from "node:http";
import { type DescField, type DescMessage, type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import { FieldNames, type FieldTarget, fieldPathOf } from "./fields.js";
import { type PathPolicy, Router, shapeOf } from "./router.js";
import { parseTemplate, type Template, TemplateError, type Variable } from "./template.js";

/** One HTTP method and path of an RPC. */
export interface Binding {
  readonly method: DescMethod;
  /** Upper case; "*" is any. */
  readonly httpMethod: string;
  readonly template: Template;
  /** "*": the whole message is the body. Undefined: there is no body. */
  readonly body: "*" | DescField | undefined;
  readonly responseBody: DescField | undefined;
  readonly variables: readonly PathVariable[];
  /** Keys of the fields that the variables fill. */
  readonly givenByPath: ReadonlySet<string>;
  readonly names: FieldNames;
}

export interface PathVariable {
  readonly variable: Variable;
  readonly target: FieldTarget;
}

/** Thrown at start; names every rule that is malformed or collides with another. */
export class RuleConflict extends Error {
  override readonly name = "RuleConflict";
  constructor(readonly problems: readonly string[]) {
    super(`google.api.http rules cannot be served:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
  }
}

/** Reads the rules of all methods; methods without a rule are left out. Throws RuleConflict with every problem. */
export function compileRules(
  methods: Iterable<DescMethod>,
  policy: PathPolicy,
): { router: Router<Binding>; bindings: readonly Binding[] } {
  const problems: string[] = [];
  const bindings: Binding[] = [];
  const router = new Router<Binding>(policy);
  for (const method of methods) {
    for (const rule of rulesOf(method, problems)) {
      const binding = new RuleReader(method, rule, problems).read();
      if (binding === undefined) continue;
      bindings.push(binding);
      const taken = router.add(binding.httpMethod, binding.template, binding);
      if (taken === undefined) continue;
      problems.push(`${nameOf(taken.method)} and ${nameOf(method)} both answer ${shapeWithMethod(taken)}`);
    }
  }
  if (problems.length > 0) throw new RuleConflict(problems);
  return { router, bindings };
}

export const nameOf = (method: DescMethod): string => `${method.parent.typeName}.${method.name}`;

const shapeWithMethod = ({ httpMethod, template }: Binding): string => `${httpMethod} ${shapeOf(template)}`;

function rulesOf(method: DescMethod, problems: string[]): readonly HttpRule[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  if (rule.additionalBindings.some((binding) => binding.additionalBindings.length > 0)) {
    problems.push(`${nameOf(method)}: additional_bindings cannot hold additional_bindings`);
  }
  return [rule, ...rule.additionalBindings];
}

class RuleReader {
  private readonly problemsBefore: number;

  constructor(
    private readonly method: DescMethod,
    private readonly rule: HttpRule,
    private readonly problems: string[],
  ) {
    this.problemsBefore = problems.length;
  }

  /** Undefined when there was a problem. */
  read(): Binding | undefined {
    const httpMethod = this.httpMethod();
    const template = this.template();
    const variables = template?.variables.flatMap((variable) => this.variable(variable)) ?? [];
    const body = this.body(httpMethod, variables);
    const responseBody = this.responseBody();
    if (template === undefined || this.problems.length > this.problemsBefore) return undefined;
    return {
      method: this.method,
      httpMethod,
      template,
      body,
      responseBody,
      variables,
      givenByPath: new Set(variables.map(({ target }) => target.key)),
      names: new FieldNames(this.method.input),
    };
  }

  private httpMethod(): string {
    const { pattern } = this.rule;
    if (pattern.case === undefined) {
      this.problem("the rule has no path");
      return "";
    }
    if (pattern.case !== "custom") return pattern.case.toUpperCase();
    const { kind } = pattern.value;
    if (kind === "") this.problem("the kind of the custom rule is blank");
    else if (kind !== "*" && !METHODS.includes(kind)) this.problem(`"${kind}" is no HTTP method`);
    return kind;
  }

  private template(): Template | undefined {
    const { pattern } = this.rule;
    if (pattern.case === undefined) return undefined;
    try {
      return parseTemplate(pattern.case === "custom" ? pattern.value.path : pattern.value);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problem(error.message);
      return undefined;
    }
  }

  private variable(variable: Variable): PathVariable[] {
    const path = fieldPathOf(this.method.input, variable.fieldPath.split("."));
    const last = path?.at(-1);
    if (path === undefined || last === undefined) {
      this.problem(`${this.method.input.typeName} has no field "${variable.fieldPath}"`);
      return [];
    }
    const parents = path.slice(0, -1);
    if (parents.some(({ fieldKind }) => fieldKind !== "message")) {
      this.problem(`the path variable "${variable.fieldPath}" leads through a repeated field`);
    } else if (last.fieldKind !== "scalar" && last.fieldKind !== "enum") {
      this.problem(`the path variable "${variable.fieldPath}" is a ${last.fieldKind}, not a scalar`);
    }
    const key = path.map(({ name }) => name).join(".");
    return [{ variable, target: { path, last, key } }];
  }

  private body(httpMethod: string, variables: readonly PathVariable[]): Binding["body"] {
    const { body } = this.rule;
    if (body === "") {
      const isUpload =
        this.method.methodKind === "client_streaming" || this.method.methodKind === "bidi_streaming";
      if (isUpload) this.problem("a stream of requests needs a body");
      return undefined;
    }
    if (httpMethod === "GET" || httpMethod === "HEAD") this.problem(`${httpMethod} has no body`);
    if (body === "*") return "*";
    const field = this.topLevel(this.method.input, body, "body");
    if (variables.some(({ target }) => target.key === field?.name)) {
      this.problem(`"${body}" is bound to the path and to the body`);
    }
    return field;
  }

  private responseBody(): DescField | undefined {
    const { responseBody } = this.rule;
    return responseBody === "" ? undefined : this.topLevel(this.method.output, responseBody, "response_body");
  }

  private topLevel(message: DescMessage, name: string, option: string): DescField | undefined {
    const field = message.fields.find((each) => each.name === name);
    if (field === undefined) this.problem(`${option} "${name}" is no field of ${message.typeName}`);
    return field;
  }

  private problem(reason: string): void {
    this.problems.push(`${nameOf(this.method)}: ${reason}`);
  }
}
