import {
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  getOption,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  Access,
  type MethodRules,
  method as methodRules,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";
import type { Call, Handlers } from "../platform/call.js";
import { problemsOf } from "./problems.js";
import type { Offer, Served } from "./served.js";

export interface ServeOptions {
  readonly offer?: Offer;
  /** For services whose schema is not ours and cannot declare it. */
  readonly access?: Access;
}

type UnaryHandler = (request: Message, call: Call) => Promise<MessageInitShape<DescMethod["output"]>>;
type StreamHandler = (request: Message, call: Call) => AsyncIterable<MessageInitShape<DescMethod["output"]>>;

interface Facts {
  readonly rules: MethodRules;
  readonly access: Access;
  readonly noApiKeys: boolean;
  readonly errorScope: string;
  readonly offer: Offer;
}

export interface UnaryMethod extends Facts {
  readonly method: DescMethodUnary;
  readonly handle: UnaryHandler;
}

export interface StreamMethod extends Facts {
  readonly method: DescMethodServerStreaming;
  readonly handle: StreamHandler;
}

/** A method with its handler and everything its schema declares about it. */
export type ServedMethod = UnaryMethod | StreamMethod;

/** Thrown at start: what the schema or the handlers leave open. */
export class IncompleteServices extends Error {
  override readonly name = "IncompleteServices";
  constructor(readonly problems: readonly string[]) {
    super(`the services cannot be served:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
  }
}

/** Joins a service with its handlers; the compiler asks for each of them. */
export const serve = <S extends DescService>(
  service: S,
  handlers: Handlers<S>,
  { offer = "every door", access = Access.UNSPECIFIED }: ServeOptions = {},
): Served => ({ service, handlers: { ...handlers }, offer, access });

/** Reads what the schema declares about every method. Throws IncompleteServices, which lists every problem. */
export function compileServices(services: readonly Served[]): readonly ServedMethod[] {
  const methods = services.flatMap((served) =>
    served.service.methods.map((method) => ({ ...factsOf(served, method), method, served })),
  );
  const problems = problemsOf(services, methods);
  if (problems.length > 0) throw new IncompleteServices(problems);
  return methods.map(({ served, ...facts }) => withHandler(facts, served.handlers[facts.method.localName]));
}

export const isStream = (served: ServedMethod): served is StreamMethod =>
  served.method.methodKind === "server_streaming";

function factsOf(served: Served, method: DescMethod): Facts {
  const rules = getOption(method, methodRules);
  const { access, errorScope, noApiKeys } = getOption(served.service, serviceRules);
  return {
    rules,
    access: rules.access || access || served.access,
    noApiKeys: rules.noApiKeys || noApiKeys,
    errorScope,
    offer: served.offer,
  };
}

/** The type of a handler was proven by `serve`; here its method is known by descriptor alone. */
function withHandler(facts: Facts & { readonly method: DescMethod }, handler: unknown): ServedMethod {
  return { ...facts, handle: handler } as ServedMethod;
}
