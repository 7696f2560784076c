import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { RateLimit } from "../../../gen/barong/options/v1/options_pb.js";
import type { Call } from "../../platform/call.js";
import { nameOf } from "../../transcoding/rules.js";
import { networkOf } from "../client-address.js";
import { fieldReader } from "./field-value.js";

export interface Limit {
  readonly calls: number;
  readonly seconds: number;
}

/** Counts one call in a bucket. Throws Failure(TOO_MANY_REQUESTS) with `retryAfterSeconds` when there were too many. */
export type Spend = (bucket: string, limit: Limit) => Promise<void>;

type BucketOf = (request: Message, call: Call) => string;

/** Counts a call against the limits of its method, in the order in which they are declared; undefined when it has none. */
export function limitsStep(method: DescMethod, limits: readonly RateLimit[], spend: Spend) {
  if (limits.length === 0) return undefined;
  const counters = limits.map(({ by, calls, seconds }) => ({
    bucketOf: bucketsOf(method, by),
    limit: { calls, seconds },
  }));
  return async (request: Message, call: Call): Promise<void> => {
    for (const { bucketOf, limit } of counters) await spend(bucketOf(request, call), limit);
  };
}

function bucketsOf(method: DescMethod, by: string): BucketOf {
  const prefix = `${nameOf(method)}:${by}:`;
  if (by === "client") return (_request, call) => prefix + networkOf(call.origin.ip);
  const field = method.input.fields.find(({ name }) => name === by);
  if (field === undefined) throw new Error(`${method.input.typeName} has no field ${by}`);
  const read = fieldReader(field);
  // Spellings that the account look-up takes for one must not have limits of their own.
  return (request) =>
    prefix +
    String(read(request) ?? "")
      .trim()
      .toLowerCase();
}
