import { Readable } from "node:stream";
import type { DescField, DescMethod, Message } from "@bufbuild/protobuf";
import type { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import type { MethodRules } from "../../gen/barong/options/v1/options_pb.js";
import type { Asked, Audit, Call, Caller, FileContent, Origin } from "../platform/call.js";
import { placeOf } from "./file-fields.js";

/** A value of a request that could not be read into its field. */
export interface UnreadableValue {
  /** The request's own field, wherever inside it the value lies. */
  readonly field: DescField;
  /** For people, without the field's name: "is not an integer". */
  readonly description: string;
  /** It is an empty text, or one of white space alone. */
  readonly isBlank?: boolean;
}

/** A request as its door could read it. */
export interface ReadRequest {
  readonly message: Message;
  readonly violations: readonly UnreadableValue[];
}

/** How a call ended before its answer. */
export type Ending = ErrorReason.CANCELLED | ErrorReason.DEADLINE_EXCEEDED;

/** What every door tells about a call. What costs something is made when it is asked for. */
export abstract class WireCall implements Call {
  abstract readonly door: Call["door"];
  abstract readonly id: string;
  abstract readonly requestHeader: Headers;
  abstract readonly responseHeader: Call["responseHeader"];
  abstract readonly signal: AbortSignal;
  abstract readonly origin: Origin;
  abstract readonly asked: Asked;
  readonly method: DescMethod;
  private readonly activity: MethodRules["activity"];
  private identified: Caller | undefined;
  private requested: Message | undefined;

  constructor({ method, rules }: { readonly method: DescMethod; readonly rules: MethodRules }) {
    this.method = method;
    this.activity = rules.activity;
  }

  /** Reads the request. Throws a TranscodingError or a Failure when there is none to be read. */
  abstract read(): ReadRequest | Promise<ReadRequest>;

  /** Why the call ended before its answer; undefined while somebody waits for it. */
  abstract ending(): Ending | undefined;

  get caller(): Caller {
    if (!this.identified) throw new Error(`${this.method.name} is open to everybody and has no caller`);
    return this.identified;
  }

  get audit(): Audit {
    if (!this.activity) throw new Error(`${this.method.name} declares no activity`);
    const { topic, action } = this.activity;
    return { topic, action, ...this.origin };
  }

  contentOf(file: Message & { readonly data: Uint8Array }): FileContent | undefined {
    const place = this.requested && placeOf(file, this.requested, this.method);
    if (place && place.index >= place.bounds.mostFiles) return undefined;
    const { data } = file;
    return {
      bytes: data.length,
      isTooLarge: place !== undefined && data.length > place.bounds.mostBytes,
      open: () => Readable.from([data], { objectMode: false }),
    };
  }

  /** Tells what the request is, once it was read. */
  asks(request: Message): void {
    this.requested = request;
  }

  isFrom(caller: Caller): void {
    this.identified = caller;
  }
}

/** Nothing was unreadable: what doors answer whose requests come as messages. */
export const NO_VIOLATIONS: readonly UnreadableValue[] = [];

/** As much of a user agent as is kept. */
export const userAgentOf = (sent: string | null | undefined): string => (sent ?? "").slice(0, 512);
