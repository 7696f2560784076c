import type { Message } from "@bufbuild/protobuf";
import { Access } from "../../../gen/barong/options/v1/options_pb.js";
import type { Call, Caller } from "../../platform/call.js";
import type { ServedMethod } from "../services.js";
import type { WireCall } from "../wire-call.js";
import { permission, refuseApiKeys } from "./permit.js";

/** Somebody who may call, as far as it depends on him and on the permissions. */
export interface Identified {
  readonly caller: Caller;
  /** The SHA-256 as hex that the request's body must have, where a signature covers it. */
  readonly signedBody?: string;
  /** Uses up what is good for one request only; throws a Failure when another one was first. */
  useUp?(): Promise<void>;
}

/** `read` is for those alone whom it already knows. */
export type Identify = (call: Call, read: () => Promise<Message>) => Promise<Identified>;

/** The step that tells who calls, and lets only those pass who may; undefined for a method that is open to everybody. */
export function callerStep({ access, rules, noApiKeys }: ServedMethod, identify: Identify) {
  if (access === Access.PUBLIC) return undefined;
  const permit = access === Access.STAFF ? permission(rules.ability) : undefined;
  return async (call: WireCall, read: () => Promise<Message>): Promise<Identified> => {
    const identified = await identify(call, read);
    const { caller } = identified;
    call.isFrom(caller);
    permit?.(caller);
    if (noApiKeys) refuseApiKeys(caller);
    // After all else that can be told without the body, and before it, as nobody shall have us read one again and again.
    await identified.useUp?.();
    return identified;
  };
}
