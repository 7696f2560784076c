import type { Readable } from "node:stream";
import type { DescMethod, DescService, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** Where a call comes from, as far as the server can tell. */
export interface Origin {
  /** The client's address; behind a trusted proxy the one the proxy reports. */
  readonly ip: string;
  /** At most 512 characters; empty when the client sends none. */
  readonly userAgent: string;
}

/** How somebody has proved who he is. */
export type CallerKind = "bearer" | "session" | "api key";

/** Who is calling: an active account, as its row was when the caller was identified. */
export interface Caller {
  readonly kind: CallerKind;
  readonly accountId: number;
  readonly uid: string;
  readonly email: string;
  readonly role: string;
  readonly level: number;
  /** Two-factor authentication is on. */
  readonly otp: boolean;
  /** When the account's credentials had last changed then, by which a later change is noticed. */
  readonly credentialsChangedAt?: Date | null;
  /** The session behind a cookie or a bearer token; absent for an API key, and for a bearer token that another server has issued. */
  readonly sessionId?: number;
  /** The API key that signed the request, or that its bearer token was made for; absent for people. */
  readonly apiKeyId?: number;
}

/** A request's line, and what its connection tells. */
export interface Asked {
  /** In capitals. */
  readonly verb: string;
  /** Path and query, escapes as they were sent. */
  readonly target: string;
  /** A header by its name in small letters, several of one name as one list. Costs less than a look into all headers. */
  get(name: string): string | null;
  /** Who connected is one of the trusted proxies. */
  readonly byTrustedProxy: boolean;
  /** The client's address as who connected tells it by a list like that of `X-Forwarded-For`; believed of trusted proxies alone. */
  clientBehind(forwardedFor: string): string;
  /** The SHA-256 as hex of the body, which is read to its end. Undefined where the request did not say in its headers that it signs it. */
  bodySha256(): Promise<string | undefined>;
}

/** How the activity log names an attempt, and where it came from. */
export interface Audit extends Origin {
  readonly topic: string;
  readonly action: string;
}

/** The content of a file in a request. It can be read until the call ends, any number of times. */
export interface FileContent {
  /** As much as was read: of a file that is too large a part. */
  readonly bytes: number;
  /** More than the schema allows for its field. */
  readonly isTooLarge: boolean;
  open(): Readable;
}

/** One call of one method, whichever door it came through. */
export interface Call {
  readonly method: DescMethod;
  readonly door: "rest" | "connect" | "grpc";
  /** Names the call in logs; sent back as `x-request-id`. */
  readonly id: string;
  readonly requestHeader: Headers;
  /** Sent with the answer, also when the call is refused. Over gRPC these are the initial metadata. */
  readonly responseHeader: Pick<Headers, "set" | "append">;
  /** Aborted when the caller has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  readonly origin: Origin;
  /** What was asked for, as it came over HTTP or HTTP/2. */
  readonly asked: Asked;
  /** The identified caller. Reading it in a method that is open to everybody is a programming error. */
  readonly caller: Caller;
  /** Reading it in a method that declares no activity is a programming error. */
  readonly audit: Audit;
  /** The content that a file message of the request stands for; undefined for a file beyond those the schema allows. */
  contentOf(file: Message & { readonly data: Uint8Array }): FileContent | undefined;
}

type Handler<M extends DescMethod> = M["methodKind"] extends "unary"
  ? (request: MessageShape<M["input"]>, call: Call) => Promise<MessageInitShape<M["output"]>>
  : M["methodKind"] extends "server_streaming"
    ? (request: MessageShape<M["input"]>, call: Call) => AsyncIterable<MessageInitShape<M["output"]>>
    : never;

/** The implementation of a service: one function per method, written once for all doors. */
export type Handlers<S extends DescService> = {
  readonly [Name in keyof S["method"]]: Handler<S["method"][Name]>;
};
