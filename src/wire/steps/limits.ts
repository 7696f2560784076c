import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { RateLimit } from "../../../gen/barong/options/v1/options_pb.js";
import type { Call } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import { networkOf } from "../../platform/network.js";
import { nameOf } from "../../transcoding/rules.js";
import { fieldReader } from "./field-value.js";

export interface Limit {
  readonly calls: number;
  readonly seconds: number;
}

/** Names the client if it is known to the owner of an e-mail address: a device or a network of earlier sign-ins. */
export type KnownClientOf = (email: string, call: Call) => Promise<string | undefined>;

export interface LimitsDeps {
  readonly spend: Spend;
  readonly knownClientOf: KnownClientOf;
}

/** Counts one call in a bucket. Throws Failure(TOO_MANY_REQUESTS) with `retryAfterSeconds` when there were too many. */
export type Spend = (bucket: string, limit: Limit) => Promise<void>;

/** Without a request, only what is known about the caller can be counted by. */
type BucketOf = (request: Message | undefined, call: Call) => string;

/** Counts a call against the limits of its method, in the order in which they are declared; undefined when it has none. */
export function limitsStep(method: DescMethod, limits: readonly RateLimit[], deps: LimitsDeps) {
  if (limits.length === 0) return undefined;
  const counters = limits.map((limit) => counter(method, limit, deps));
  return async (request: Message | undefined, call: Call): Promise<void> => {
    for (const count of counters) await count(request, call);
  };
}

type Count = (request: Message | undefined, call: Call) => Promise<void>;

function counter(method: DescMethod, limit: RateLimit, { spend, knownClientOf }: LimitsDeps): Count {
  const { by, calls, seconds, knownClientCalls } = limit;
  const bucketOf = bucketsOf(method, by);
  if (knownClientCalls === 0) return (request, call) => spend(bucketOf(request, call), { calls, seconds });
  const emailOf = partOf(method, "email");
  return async (request, call) => {
    const bucket = bucketOf(request, call);
    try {
      await spend(bucket, { calls, seconds });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const client = await knownClientOf(emailOf(request, call), call);
      if (client === undefined) throw error;
      await spend(JSON.stringify([bucket, "known client", client]), { calls: knownClientCalls, seconds });
    }
  };
}

function bucketsOf(method: DescMethod, by: string): BucketOf {
  const parts = by.split("+").map((name) => partOf(method, name));
  // As JSON, so that no value can pass for two.
  return (request, call) => JSON.stringify([nameOf(method), by, ...parts.map((part) => part(request, call))]);
}

function partOf(method: DescMethod, name: string): BucketOf {
  if (name === "client") return (_request, call) => networkOf(call.origin.ip);
  if (name === "account") return (_request, call) => String(call.caller.accountId);
  const field = method.input.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`${method.input.typeName} has no field ${name}`);
  const read = fieldReader(field);
  // Spellings that the account look-up takes for one must not have limits of their own.
  return (request) =>
    String((request && read(request)) ?? "")
      .trim()
      .toLowerCase()
      .normalize("NFC");
}
