import type { DescMethod } from "@bufbuild/protobuf";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import type { ResponseValue } from "../transcoding/respond.js";
import { nameOf } from "../transcoding/rules.js";
import { transcoder } from "../transcoding/transcoder.js";
import { type Answer, type AnswerTo, bodyOf } from "./answers.js";
import type { ClientAddress } from "./client-address.js";
import { type Guarded, isGuardedStream } from "./guard.js";
import { RestDoorCall } from "./http-calls.js";
import { messageWriter, soleFieldWriter } from "./rest-json.js";
import { isRequired } from "./steps/rules.js";

export const MOST_BODY_BYTES = 1024 * 1024;
/** Gateways hand over whole uploads with their question, and give up when the connection is cut before they are through. */
const MOST_DISCARDED_BYTES = 96 * 1024 * 1024;

export interface RestDoorNeeds {
  readonly methods: readonly Guarded[];
  readonly answerTo: AnswerTo;
  readonly clientAddress: ClientAddress;
}

/** Every method with a google.api.http rule, over REST; everything else is answered as an unknown route. */
export function restDoor({ methods, answerTo, clientAddress }: RestDoorNeeds): FastifyPluginAsync {
  const served = new Map<DescMethod, Guarded["served"]>(
    methods.map((each) => [each.served.method, each.served]),
  );
  const statusOf = (method: DescMethod) => served.get(method)?.rules.successStatus || 200;
  return transcoder({
    methods: methods.map((guarded) => ({
      method: guarded.served.method,
      invoke: (rest) => {
        const call = new RestDoorCall(guarded.served, rest, clientAddress);
        rest.rawRequest.call = call;
        return isGuardedStream(guarded) ? guarded.invoke(call) : guarded.invoke(call);
      },
    })),
    successStatus: statusOf,
    emptyBody: (method) => served.get(method)?.rules.emptyBody ?? false,
    writeJson: (value) => jsonOf(value, statusOf(value.method)),
    sendFailure: (error, reply) => sendAnswer(reply, answerTo(error, failedCallOf(reply))),
    writeStreamFailure: (error, method) => bodyOf(answerTo(error, { id: "", method: nameOf(method) })),
    limits: { bodyBytes: MOST_BODY_BYTES, discardBytes: MOST_DISCARDED_BYTES },
    ignoreUnknown: true,
    // What is required and null is there, but blank.
    nullMeansEmpty: isRequired,
  });
}

/** Sends a failure in its REST form. */
export function sendAnswer(reply: FastifyReply, answer: Answer): void {
  const { status, retryAfterSeconds, allow } = answer;
  if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
  if (allow) reply.header("allow", allow.join(", "));
  reply.code(status).type("application/json").send(bodyOf(answer));
}

/** What a reply knows about the call that failed. */
export function failedCallOf({ request: { id, call } }: FastifyReply) {
  return call ? { id, method: nameOf(call.method), ending: call.ending() } : { id };
}

function jsonOf(value: ResponseValue, status: number): string {
  if (value.kind === "field") return soleFieldWriter(value.field)(value.message);
  // Older clients read the status from the body where there is nothing else to tell, and stumble over `null`.
  if (value.schema.fields.length === 0) return String(status);
  return messageWriter(value.schema)(value.message);
}
