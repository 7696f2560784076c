import { create, type Message } from "@bufbuild/protobuf";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import type { Audit, Call } from "../platform/call.js";
import { beyondCall, withinCall } from "../platform/deadline.js";
import { Failure, type Subject } from "../platform/failure.js";
import type { Logger } from "../platform/logger.js";
import { networkOf } from "../platform/network.js";
import { formBytesOf } from "./file-fields.js";
import type { MalformedRequests } from "./malformed-requests.js";
import { isStream, type ServedMethod, type StreamMethod, type UnaryMethod } from "./services.js";
import { callerStep, type Identify } from "./steps/caller.js";
import { captchaReader } from "./steps/captcha.js";
import { type LimitsDeps, limitsStep } from "./steps/limits.js";
import { pageStep } from "./steps/page.js";
import { secondFactorReader } from "./steps/second-factor.js";
import { validation } from "./steps/validate.js";
import type { ReadRequest, WireCall } from "./wire-call.js";

/** What the steps before a handler need from the rest of the server. */
export interface Steps extends LimitsDeps {
  /** Tells who calls, whom the permissions allow it. Throws a Failure for anybody else; `call.caller` is not to be read yet. */
  readonly identify: Identify;
  /** Throws a Failure unless the answer to the captcha is right, or captcha is switched off. */
  verifyCaptcha(answer: string | undefined, call: Call, request: Message): Promise<void>;
  /** Throws a Failure unless `code` is the caller's current one-time code; uses it up. */
  proveSecondFactor(code: string, call: Call): Promise<void>;
  /** Puts a refused attempt into the account's activity log; `sentence` says why it was refused. */
  recordRefusal(audit: Audit, about: Subject, sentence: string): Promise<void>;
}

export interface GuardNeeds {
  readonly steps: Steps;
  readonly logger: Logger;
  /** Limits the requests of a client that are refused for their form. */
  readonly malformed: MalformedRequests;
  /** How long a reader of a stream may leave a message untaken; a minute unless given. */
  readonly slowReaderMs?: number | undefined;
}

export interface GuardedUnary {
  readonly served: UnaryMethod;
  invoke(call: WireCall): Promise<Message>;
}

export interface GuardedStream {
  readonly served: StreamMethod;
  invoke(call: WireCall): AsyncIterable<Message>;
}

/** A method with the same steps before it, whichever door a call comes through. */
export type Guarded = GuardedUnary | GuardedStream;

/** Puts the steps before a handler. What they need to know about the method is worked out here, once. */
export function guard(served: ServedMethod, needs: GuardNeeds): Guarded {
  return isStream(served) ? guardStream(served, needs) : guardUnary(served, needs);
}

export const isGuardedStream = (guarded: Guarded): guarded is GuardedStream => isStream(guarded.served);

function guardUnary(served: UnaryMethod, needs: GuardNeeds): GuardedUnary {
  const admit = admission(served, needs);
  const record = recorder(served, needs);
  const answer = async (call: WireCall): Promise<Message> => {
    const request = await admit(call);
    try {
      return create(served.method.output, await served.handle(request, call));
    } catch (error) {
      await record?.(error, call);
      throw error;
    }
  };
  // The call itself holds the limits, so that its signal is only made for those who wait on it.
  return { served, invoke: (call) => withinCall(call, () => answer(call)) };
}

function guardStream(served: StreamMethod, needs: GuardNeeds): GuardedStream {
  const admit = admission(served, needs);
  const record = recorder(served, needs);
  const { slowReaderMs = 60_000 } = needs;
  async function* answers(call: WireCall): AsyncGenerator<Message> {
    const request = await withinCall(call, () => admit(call));
    const source = withinCall(call, () => served.handle(request, call)[Symbol.asyncIterator]());
    // A door that waits for room in a connection asks for no more, also when the connection is gone, or its reader sleeps.
    const end = () => void source.return?.().catch(() => undefined);
    call.signal.addEventListener("abort", end, { once: true });
    let patience: NodeJS.Timeout | undefined;
    try {
      for (;;) {
        const next = await withinCall(call, () => source.next());
        if (next.done) return;
        patience = setTimeout(end, slowReaderMs);
        yield create(served.method.output, next.value);
        clearTimeout(patience);
      }
    } catch (error) {
      await record?.(error, call);
      throw error;
    } finally {
      clearTimeout(patience);
      call.signal.removeEventListener("abort", end);
      await source.return?.();
    }
  }
  return { served, invoke: answers };
}

/** The steps before a handler, in their order; answers the request that passed them. */
function admission(
  served: ServedMethod,
  { steps, malformed }: GuardNeeds,
): (call: WireCall) => Promise<Message> {
  const { method, rules, errorScope } = served;
  const tellCaller = callerStep(served, steps.identify);
  const fillPage = rules.pagination ? pageStep(method.input, rules.pagination) : undefined;
  const codeIn = rules.secondFactor ? secondFactorReader(method.input) : undefined;
  const validate = validation(method.input, errorScope);
  const answerIn = rules.captcha ? captchaReader(method.input) : undefined;
  const count = limitsStep(method, rules.limits, steps);
  const takesFiles = formBytesOf(method) !== undefined;
  // What is offered over gRPC alone is asked for by gateways and services.
  const countsMalformed = !rules.malformedUnlimited && served.offer === "every door";
  return async (call) => {
    const read = once(() => call.read());
    // Who may not call learns nothing about what a request should look like.
    const identified = await tellCaller?.(call, async () => (await read()).message);
    // Before it is read, as taking in an upload is work already.
    if (takesFiles) await count?.(undefined, call);
    const client = countsMalformed ? clientOf(call, identified !== undefined) : undefined;
    if (client !== undefined) malformed.check(client);
    let request: ReadRequest;
    let code: string | undefined;
    try {
      const reading = read();
      request = reading instanceof Promise ? await reading : reading;
      const signedBody = identified?.signedBody;
      if (signedBody !== undefined && (await call.asked.bodySha256()) !== signedBody)
        throw new Failure(ErrorReason.SIGNED_BODY_DIFFERS);
      call.asks(request.message);
      code = codeIn?.(request, call.caller);
      validate(request);
    } catch (error) {
      if (client !== undefined) malformed.count(error, client, bytesOf(call));
      throw error;
    }
    fillPage?.(request.message);
    // Counted first, so that nobody can have the vendor asked without end.
    if (!takesFiles) await count?.(request.message, call);
    if (answerIn) await steps.verifyCaptcha(answerIn(request.message), call, request.message);
    // Last, since it uses the code up.
    if (code !== undefined) await steps.proveSecondFactor(code, call);
    return request.message;
  };
}

/** The client whose malformed requests are counted together: a signed-in user, or the network of a stranger. */
const clientOf = (call: WireCall, isIdentified: boolean): string =>
  isIdentified ? `user ${call.caller.accountId}` : networkOf(call.origin.ip);

/** As far as the client says; of a compressed request less than what is read. */
const bytesOf = ({ requestHeader }: WireCall): number => Number(requestHeader.get("content-length")) || 0;

/** What a call reads, read when it is first asked for. */
function once(read: () => ReadRequest | Promise<ReadRequest>): typeof read {
  let reading: ReturnType<typeof read> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}

/** Records why an attempt was refused, where the method has an activity and the refusal tells whom it was about. */
function recorder({ rules }: ServedMethod, { steps, logger }: GuardNeeds) {
  if (!rules.activity) return undefined;
  return async (error: unknown, call: WireCall): Promise<void> => {
    if (!(error instanceof Failure) || !error.about) return;
    const { about, message } = error;
    const audit = about.action === undefined ? call.audit : { ...call.audit, action: about.action };
    try {
      await beyondCall(() => steps.recordRefusal(audit, about, message));
    } catch (cause) {
      logger.error({ id: call.id, err: cause, activity: audit.action }, "a refusal could not be recorded");
    }
  };
}
