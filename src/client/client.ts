import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { LabelService as StaffLabelService } from "../../gen/barong/admin/v1/label_service_pb.js";
import { UserService as StaffUserService } from "../../gen/barong/admin/v1/user_service_pb.js";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { ApiKeyService } from "../../gen/barong/resource/v1/api_key_service_pb.js";
import { DocumentService } from "../../gen/barong/resource/v1/document_service_pb.js";
import { LabelService } from "../../gen/barong/resource/v1/label_service_pb.js";
import { OtpService } from "../../gen/barong/resource/v1/otp_service_pb.js";
import { PhoneService } from "../../gen/barong/resource/v1/phone_service_pb.js";
import { ProfileService } from "../../gen/barong/resource/v1/profile_service_pb.js";
import { UserService as OwnAccountService } from "../../gen/barong/resource/v1/user_service_pb.js";
import { sessionKeeper } from "./session.js";

export { LabelScope } from "../../gen/barong/entities/v1/label_pb.js";
export { Role } from "../../gen/barong/entities/v1/role_pb.js";
export { UserState } from "../../gen/barong/entities/v1/user_pb.js";
export { reasonsOf } from "./reasons.js";

export interface BarongClientOptions {
  /** Where the server is reached, for example `https://id.example.com`; without a trailing slash. */
  readonly baseUrl: string;
  /** A signed token to call with instead of a session. Asked for before each call. */
  readonly token?: () => string | undefined | Promise<string | undefined>;
  /** Milliseconds after which a call is given up; 30 000 unless given. */
  readonly timeoutMs?: number;
  readonly interceptors?: readonly Interceptor[];
  /** In place of the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** The services of the server, each a promise client with the types of the schema. */
export interface BarongClient {
  readonly status: Client<typeof StatusService>;
  /** Signing up, confirming, a lost password. */
  readonly users: Client<typeof UserService>;
  readonly sessions: Client<typeof SessionService>;
  /** The signed-in account. */
  readonly me: Client<typeof OwnAccountService>;
  readonly labels: Client<typeof LabelService>;
  readonly profiles: Client<typeof ProfileService>;
  readonly phones: Client<typeof PhoneService>;
  readonly documents: Client<typeof DocumentService>;
  readonly otp: Client<typeof OtpService>;
  readonly apiKeys: Client<typeof ApiKeyService>;
  readonly staff: {
    readonly users: Client<typeof StaffUserService>;
    readonly labels: Client<typeof StaffLabelService>;
  };
}

/**
 * A client for browsers and Node over the Connect protocol. Signing in opens a session, which browsers keep as a cookie and which is
 * kept here elsewhere. A call that is refused throws a ConnectError; `reasonsOf` tells why.
 */
export function createBarongClient({
  baseUrl,
  token,
  timeoutMs = 30_000,
  interceptors = [],
  fetch = globalThis.fetch,
}: BarongClientOptions): BarongClient {
  const transport = createConnectTransport({
    baseUrl,
    defaultTimeoutMs: timeoutMs,
    interceptors: [...interceptors, ...(token ? [bearer(token)] : []), ...sessionKeeper()],
    // The cookie of the session goes to another origin only when it is told to.
    fetch: (input, init) => fetch(input, { ...init, credentials: "include" }),
  });
  const of = <S extends DescService>(service: S): Client<S> => createClient(service, transport);
  return {
    status: of(StatusService),
    users: of(UserService),
    sessions: of(SessionService),
    me: of(OwnAccountService),
    labels: of(LabelService),
    profiles: of(ProfileService),
    phones: of(PhoneService),
    documents: of(DocumentService),
    otp: of(OtpService),
    apiKeys: of(ApiKeyService),
    staff: { users: of(StaffUserService), labels: of(StaffLabelService) },
  };
}

const bearer =
  (token: NonNullable<BarongClientOptions["token"]>): Interceptor =>
  (next) =>
  async (request) => {
    const present = await token();
    if (present !== undefined) request.header.set("authorization", `Bearer ${present}`);
    return next(request);
  };
