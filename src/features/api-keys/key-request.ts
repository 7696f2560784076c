import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { type Scheme, schemeOf } from "./signature.js";

/** A request that says it comes from an API key. */
export interface KeyRequest {
  readonly apikey: string | null;
  readonly nonce: string | null;
  readonly signature: string | null;
  /** The header `X-Auth-Content-SHA256`. */
  readonly bodyHash: string | null;
  /** In capitals. */
  readonly verb: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  readonly ip: string;
}

/** What a request says of its key, whole. */
export interface Given {
  readonly kid: string;
  readonly nonce: string;
  readonly signature: string;
  readonly scheme: Scheme;
  readonly bodyHash: string;
}

/** What its headers say; throws Failure(API_KEY_HEADERS_INVALID) when they are not complete. */
export function givenIn({ apikey, nonce, signature, bodyHash }: KeyRequest): Given {
  if (!isOneValue(apikey) || !isOneValue(nonce) || !isOneValue(signature))
    throw new Failure(ErrorReason.API_KEY_HEADERS_INVALID);
  const scheme = schemeOf(signature);
  if (scheme === "nonce") return { kid: apikey, nonce, signature, scheme, bodyHash: "" };
  // Asked for without a body, too: else nobody could tell that one was added on the way.
  if (bodyHash === null || !/^[0-9a-f]{64}$/.test(bodyHash))
    throw new Failure(ErrorReason.API_KEY_HEADERS_INVALID);
  return { kid: apikey, nonce, signature, scheme, bodyHash };
}

/** Neither missing nor blank, nor a header that was sent twice and came as one list. */
const isOneValue = (header: string | null): header is string =>
  header !== null && !header.includes(",") && header.trim() !== "";
