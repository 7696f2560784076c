import { createHash } from "node:crypto";
import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { LRUCache } from "lru-cache";
import {
  HeaderValueOption_HeaderAppendAction as Append,
  type HeaderValueOptionSchema,
} from "../../../gen/envoy/config/core/v3/base_pb.js";
import type {
  AttributeContext,
  AttributeContext_HttpRequest as HttpRequest,
} from "../../../gen/envoy/service/auth/v3/attribute_context_pb.js";
import {
  type Authorization,
  type CheckResponse,
  CheckResponseSchema,
} from "../../../gen/envoy/service/auth/v3/external_auth_pb.js";
import { Code } from "../../../gen/google/rpc/code_pb.js";
import type { Call, Handlers } from "../../platform/call.js";
import type { Authz, Pass } from "./authz.js";
import type { Question } from "./question.js";

type Verdict = MessageInitShape<typeof CheckResponseSchema>;

/** A refusal as REST clients see it. */
export interface Refusal {
  /** HTTP status. */
  readonly status: number;
  readonly rpcCode: Code;
  readonly sentence: string;
  /** JSON. */
  readonly body: string;
  readonly retryAfterSeconds: number | undefined;
}

/** Tells what a failure of a call looks like. */
export type RefusalOf = (fault: unknown, call: Call) => Refusal;

/** The gateway's question as Envoy asks it over gRPC. */
export function envoyHandlers(authz: Authz, refusalOf: RefusalOf): Handlers<typeof Authorization> {
  // By the token, which speaks of all that is in them. Frozen, so that the bytes of each are written once.
  const passes = new LRUCache<string, CheckResponse>({ max: MOST_PASSES });
  const passing = (pass: Pass): CheckResponse => {
    const { authorization = "" } = pass;
    const known = passes.get(authorization);
    if (known) return known;
    const answer = Object.freeze(create(CheckResponseSchema, passingWith(pass)));
    passes.set(authorization, answer);
    return answer;
  };
  return {
    async check({ attributes }, call) {
      try {
        const request = attributes?.request?.http;
        // Not one of Envoy's: nothing is asked about, nothing is allowed.
        if (!attributes || !request?.path.startsWith("/") || request.method === "")
          return DENIED_WITHOUT_REQUEST;
        return passing(await authz.judge(questionIn(attributes, request, call)));
      } catch (fault) {
        // Nobody is left to be told.
        if (call.signal.aborted) throw fault;
        return denying(refusalOf(fault, call));
      }
    },
  };
}

const MOST_PASSES = 20_000;

function questionIn(
  { source, contextExtensions }: AttributeContext,
  request: HttpRequest,
  { asked }: Call,
): Question {
  const header = headersOf(request);
  const { address } = source?.address?.address.value ?? {};
  const hops = [header.get("x-forwarded-for"), address].filter((hop) => hop);
  return {
    verb: request.method.toUpperCase(),
    target: request.path,
    header,
    origin: {
      ip: asked.clientBehind(hops.join(", ")),
      userAgent: (header.get("user-agent") ?? "").slice(0, 512),
    },
    async body() {
      if (header.get("x-envoy-auth-partial-body") === "true") return "partial";
      const bytes = request.rawBody.length > 0 ? request.rawBody : request.body;
      // Only the configuration can tell: `size` is 0 too while the body is still to come.
      if (bytes.length === 0 && contextExtensions.body !== "whole") return undefined;
      return createHash("sha256").update(bytes).digest("hex");
    },
  };
}

/** The headers of a request. Envoy has `:authority` in the place of `host`. */
function headersOf({ headers, headerMap, host }: HttpRequest): Pick<Headers, "get"> {
  const sent = host === "" ? null : host;
  if (!headerMap) return { get: (name) => headers[name] ?? (name === "host" ? sent : null) };
  const listed = new Map<string, string>();
  for (const { key, value, rawValue } of headerMap.headers) {
    const name = key.toLowerCase();
    const text = rawValue.length > 0 ? Buffer.from(rawValue).toString("latin1") : value;
    const before = listed.get(name);
    // As HTTP joins them, and for cookies as browsers do.
    const joint = name === "cookie" ? "; " : ", ";
    listed.set(name, before === undefined ? text : `${before}${joint}${text}`);
  }
  return { get: (name) => listed.get(name) ?? (name === "host" ? sent : null) };
}

const passingWith = ({ authorization, account }: Pass): Verdict => ({
  status: { code: Code.OK },
  httpResponse: {
    case: "okResponse",
    value: {
      headers: authorization === undefined ? [] : [setting("authorization", authorization)],
      // Proofs are for us alone.
      headersToRemove: authorization === undefined ? UNPROVED : PROOFS,
    },
  },
  ...(account && { dynamicMetadata: metadataOf(account) }),
});

const PROOFS = ["x-auth-apikey", "x-auth-nonce", "x-auth-signature"];

/** On a path that is open to everybody nobody has looked at a token of the client's own. */
const UNPROVED = ["authorization", ...PROOFS];

const metadataOf = ({ uid, role, level }: NonNullable<Pass["account"]>): JsonObject => ({ uid, role, level });

const denying = ({ status, rpcCode, sentence, body, retryAfterSeconds }: Refusal): Verdict => ({
  status: { code: rpcCode, message: sentence },
  httpResponse: {
    case: "deniedResponse",
    value: {
      status: { code: status },
      headers: [
        setting("content-type", "application/json"),
        ...(retryAfterSeconds === undefined ? [] : [setting("retry-after", String(retryAfterSeconds))]),
      ],
      body,
    },
  },
});

const DENIED_WITHOUT_REQUEST: Verdict = {
  status: { code: Code.INVALID_ARGUMENT, message: "there is no request" },
};

const setting = (key: string, value: string): MessageInitShape<typeof HeaderValueOptionSchema> => ({
  header: { key, value },
  appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD,
});
