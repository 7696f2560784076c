import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Code } from "../../gen/google/rpc/code_pb.js";
import { Failure, rulesOf } from "../platform/failure.js";
import type { Logger } from "../platform/logger.js";
import { TranscodingError, type TranscodingErrorKind } from "../transcoding/error.js";
import { Refusal } from "./steps/breaches.js";
import type { Ending } from "./wire-call.js";

/** A field that a refusal is about. */
export interface FieldFault {
  readonly field: string;
  readonly code: string;
  readonly description: string;
}

/** A failure as clients may see it, before a door gives it its form. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  readonly rpcCode: Code;
  /** Empty only where there is no such route. */
  readonly codes: readonly string[];
  /** For people. */
  readonly sentence: string;
  readonly fields: readonly FieldFault[];
  readonly retryAfterSeconds: number | undefined;
  /** The HTTP methods that a path offers. */
  readonly allow: readonly string[] | undefined;
}

/** What is known about the call or request that failed. */
export interface FailedCall {
  readonly id: string;
  /** Full name of the method; absent when no method was found. */
  readonly method?: string;
  readonly ending?: Ending | undefined;
}

/** Turns an error of the outside world into a refusal; undefined for the unexpected. */
export type Translator = (error: unknown) => Failure | undefined;

export type AnswerTo = (error: unknown, call: FailedCall) => Answer;

/** Answers anything thrown. What nobody expected is logged with its stack and answered as INTERNAL, without a word of it. */
export function createAnswers(translate: Translator, logger: Logger): AnswerTo {
  return (error, call) => {
    if (error instanceof Refusal) return answerToRefusal(error);
    if (error instanceof TranscodingError && error.kind === "not_found") return NO_ROUTE;
    const failure = failureOf(error, translate);
    if (!failure && call.ending !== undefined) {
      // Work that is stopped half-way fails in many words; all of them mean this.
      logger.debug({ id: call.id, method: call.method, stack: stackOf(error) }, "a call ended early");
      return answerToFailure(new Failure(call.ending));
    }
    if (!failure) {
      logger.error({ id: call.id, method: call.method, stack: stackOf(error) }, "unexpected failure");
      return answerToFailure(new Failure(ErrorReason.INTERNAL));
    }
    const answer = answerToFailure(timely(failure, call));
    if (answer.status === UNAVAILABLE && failure.cause !== undefined) {
      logger.warn(
        { id: call.id, method: call.method, reason: wordsOf(failure.cause) },
        "a dependency does not answer",
      );
    }
    return error instanceof TranscodingError ? { ...answer, allow: error.allow } : answer;
  };
}

/** The body of a failure over REST. */
export const bodyOf = ({ codes, sentence }: Answer): string =>
  JSON.stringify(codes.length > 0 ? { errors: codes } : { error: sentence });

const UNAVAILABLE = 503;

/** When nothing better is known. */
const RETRY_AFTER_SECONDS = 5;

const NO_ROUTE: Answer = {
  status: 404,
  rpcCode: Code.NOT_FOUND,
  codes: [],
  sentence: "Route is not found",
  fields: [],
  retryAfterSeconds: undefined,
  allow: undefined,
};

function failureOf(error: unknown, translate: Translator): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof TranscodingError) return new Failure(reasonOfKind[error.kind]);
  return translate(error);
}

const reasonOfKind: Record<TranscodingErrorKind, ErrorReason> = {
  bad_path: ErrorReason.MALFORMED_URL,
  path_too_long: ErrorReason.MALFORMED_URL,
  malformed_query: ErrorReason.MALFORMED_URL,
  not_found: ErrorReason.RECORD_NOT_FOUND,
  method_not_allowed: ErrorReason.METHOD_NOT_ALLOWED,
  malformed_body: ErrorReason.MALFORMED_BODY,
  unknown_field: ErrorReason.MALFORMED_BODY,
  bad_timeout: ErrorReason.MALFORMED_REQUEST,
  unsupported_media_type: ErrorReason.UNSUPPORTED_MEDIA_TYPE,
  body_too_large: ErrorReason.BODY_TOO_LARGE,
  too_complex: ErrorReason.REQUEST_TOO_COMPLEX,
  aborted: ErrorReason.CANCELLED,
};

/** Work that was stopped cannot tell why; the call can. */
function timely(failure: Failure, { ending }: FailedCall): Failure {
  const isLate = ending === ErrorReason.DEADLINE_EXCEEDED && failure.reasons.includes(ErrorReason.CANCELLED);
  return isLate ? new Failure(ErrorReason.DEADLINE_EXCEEDED, { cause: failure }) : failure;
}

function answerToFailure({ reasons, message, retryAfterSeconds }: Failure): Answer {
  const rules = reasons.map(rulesOf);
  const [first] = rules;
  const status = first?.status ?? 500;
  const isForLater = status === 429 || status === 503;
  return {
    status,
    rpcCode: first?.rpcCode || rpcCodeOf(status),
    codes: rules.map(({ code }) => code),
    sentence: message,
    fields: [],
    retryAfterSeconds: isForLater ? Math.ceil(retryAfterSeconds ?? RETRY_AFTER_SECONDS) : undefined,
    allow: undefined,
  };
}

const answerToRefusal = ({ status, breaches, message }: Refusal): Answer => ({
  status,
  rpcCode: Code.INVALID_ARGUMENT,
  codes: breaches.map(({ code }) => code),
  sentence: message,
  fields: breaches.map(({ field, code, description }) => ({ field, code, description })),
  retryAfterSeconds: undefined,
  allow: undefined,
});

/** The RPC code that says the same as an HTTP status. */
export function rpcCodeOf(status: number): Code {
  return rpcCodes.get(status) ?? Code.INTERNAL;
}

const rpcCodes = new Map([
  [400, Code.INVALID_ARGUMENT],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.NOT_FOUND],
  [405, Code.UNIMPLEMENTED],
  [409, Code.ALREADY_EXISTS],
  [413, Code.RESOURCE_EXHAUSTED],
  [415, Code.INVALID_ARGUMENT],
  [422, Code.INVALID_ARGUMENT],
  [429, Code.RESOURCE_EXHAUSTED],
  [499, Code.CANCELLED],
  [503, Code.UNAVAILABLE],
  [504, Code.DEADLINE_EXCEEDED],
]);

/** What kind of failure it was, down to its root; its message may hold what was sent. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let link = error; link instanceof Error && words.length < 5; link = causeOf(link)) {
    words.push("code" in link && typeof link.code === "string" ? `${link.name} ${link.code}` : link.name);
  }
  return words.join(", ");
}

/** Stacks alone: other members of an error may hold what was sent to the database. */
function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let link = error; link !== undefined && stacks.length < 5; link = causeOf(link)) {
    stacks.push(link instanceof Error ? (link.stack ?? link.message) : `thrown: ${typeof link}`);
  }
  return stacks.join("\ncaused by ");
}

/** Sequelize keeps the cause under a name of its own. */
function causeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return error.cause ?? ("parent" in error ? error.parent : undefined);
}
