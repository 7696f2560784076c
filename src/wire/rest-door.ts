import { type DescMethod, getOption, type Message } from "@bufbuild/protobuf";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import type { ResponseValue } from "../transcoding/respond.js";
import type { RestCall } from "../transcoding/rest-call.js";
import { nameOf } from "../transcoding/rules.js";
import { transcoder } from "../transcoding/transcoder.js";
import { type Answer, type AnswerTo, bodyOf } from "./answers.js";
import type { ClientAddress } from "./client-address.js";
import { type Guarded, type GuardedUnary, isGuardedStream } from "./guard.js";
import { RestDoorCall } from "./http-calls.js";
import { type ListAddress, pageHeaders } from "./page-headers.js";
import { MOST_BODY_BYTES } from "./request-bytes.js";
import { messageWriter, soleFieldWriter } from "./rest-json.js";
import { isRequired } from "./steps/rules.js";
import { createSpools } from "./uploads.js";

/** Gateways hand over whole uploads with their question, and give up when the connection is cut before they are through. */
const MOST_DISCARDED_BYTES = 96 * 1024 * 1024;

/** More than any method has fields and files. A part costs as much to read as 500 bytes of text. */
const MAX_FORM_PARTS = 256;

export interface RestDoorNeeds {
  readonly methods: readonly Guarded[];
  readonly answerTo: AnswerTo;
  readonly clientAddress: ClientAddress;
  /** The site is reached by https, whoever terminates it. */
  readonly https: boolean;
}

/** Every method with a google.api.http rule, over REST; everything else is answered as an unknown route. */
export function restDoor({ methods, answerTo, clientAddress, https }: RestDoorNeeds): FastifyPluginAsync {
  const served = new Map<DescMethod, Guarded["served"]>(
    methods.map((each) => [each.served.method, each.served]),
  );
  const statusOf = (method: DescMethod) => served.get(method)?.rules.successStatus || 200;
  const describePage = new Map<DescMethod, ReturnType<typeof pageHeaders>>(
    methods.flatMap(({ served: { method, rules } }) =>
      rules.pagination ? [[method, pageHeaders(method)]] : [],
    ),
  );
  const answerOf = (guarded: GuardedUnary, call: RestDoorCall, rest: RestCall): Promise<Message> => {
    const answering = guarded.invoke(call);
    const describe = describePage.get(rest.method);
    if (!describe) return answering;
    return answering.then(async (answer) => {
      describe(rest.responseHeader, (await rest.read()).message, answer, addressOfList(rest, https));
      return answer;
    });
  };
  const spools = createSpools(served.keys());
  return transcoder({
    methods: methods.map((guarded) => ({
      method: guarded.served.method,
      invoke: (rest) => {
        const spool = spools.open(rest);
        const call = new RestDoorCall(guarded.served, rest, clientAddress, spool);
        rest.rawRequest.call = call;
        if (isGuardedStream(guarded)) return guarded.invoke(call);
        if (!spool) return answerOf(guarded, call, rest);
        return answerOf(guarded, call, rest).finally(() => spool.close());
      },
    })),
    successStatus: statusOf,
    emptyBody: (method) => served.get(method)?.rules.emptyBody ?? false,
    writeJson: (value) => jsonOf(value, statusOf(value.method)),
    sendFailure: (error, reply) => sendAnswer(reply, answerTo(error, failedCallOf(reply))),
    writeStreamFailure: (error, method) => bodyOf(answerTo(error, { id: "", method: nameOf(method) })),
    limits: {
      bodyBytes: MOST_BODY_BYTES,
      formParts: MAX_FORM_PARTS,
      discardBytes: Math.max(MOST_DISCARDED_BYTES, spools.longestForm),
    },
    bodyBytes: (method) => served.get(method)?.rules.maxRequestBytes || undefined,
    formBytes: spools.formBytes,
    receiveFile: spools.receiveFile,
    ignoreUnknown: true,
    // What is required and null is there, but blank.
    nullMeansEmpty: isRequired,
    enumWords: true,
    blankIsUnset: (field) => getOption(field, fieldRules).blankIsUnset,
    jsonAsText: (field) => getOption(field, fieldRules).jsonAsText,
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

/** As the client wrote it, so that the links lead where it came from. */
function addressOfList({ rawRequest: { raw } }: RestCall, https: boolean): ListAddress {
  const { host } = raw.headers;
  return {
    origin: host === undefined ? "" : `${https ? "https" : "http"}://${host}`,
    target: raw.url ?? "/",
  };
}

function jsonOf(value: ResponseValue, status: number): string {
  if (value.kind === "field") return soleFieldWriter(value.field)(value.message);
  // Older clients read the status from the body where there is nothing else to tell, and stumble over `null`.
  if (value.schema.fields.length === 0) return String(status);
  return messageWriter(value.schema)(value.message);
}
