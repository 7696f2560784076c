import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import type { Holder } from "../accounts/accounts.js";
import type { KeyProof } from "../api-keys/proof.js";
import { schemeOf } from "../api-keys/signature.js";
import type { OpenSession } from "../sessions/sessions.js";
import type { Bearer } from "./bearer.js";
import type { Proved, Shown } from "./verdicts.js";

export interface TokenBearersNeeds {
  readonly accounts: { byUid(uid: string): Promise<Holder | undefined> };
  readonly bearer: Pick<Bearer, "verify">;
  readonly keyProof: Pick<KeyProof, "ofToken">;
  readonly sessions: { findById(id: number): Promise<OpenSession | undefined> };
}

type Bearing = Omit<Proved, "source" | "asOf">;

/** Who comes with a token of ours. */
export function createTokenBearers({ accounts, bearer, keyProof, sessions }: TokenBearersNeeds) {
  return {
    /**
     * Throws Failures: of the token, of its account, of the session that it was issued for, which may have ended, and of the API key that it
     * was issued for, which may be used no longer or not from there.
     */
    async byToken(authorization: string, { header, ip }: Shown): Promise<Bearing> {
      const [, token] = /^Bearer +([^\s]+)$/.exec(authorization) ?? [];
      if (token === undefined) throw new Failure(ErrorReason.BEARER_INVALID);
      const { uid, asOf, source } = await bearer.verify(token);
      const account = await accounts.byUid(uid);
      if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      // Whatever the token says: it may be older than a ban.
      if (account.state !== "active") throw new Failure(ErrorReason.USER_NOT_ACTIVE);
      if (wasReplaced(asOf, account)) throw new Failure(ErrorReason.BEARER_INVALID);
      // A Barong 2 that signs with the same key has its sessions elsewhere.
      if (source === undefined) return { kind: "session", account, scope: [] };
      if (source.kind === "session") {
        const session = await sessions.findById(source.id);
        if (session?.account.id !== account.id) throw new Failure(ErrorReason.BEARER_INVALID);
        return { kind: "session", account, scope: [], sessionId: source.id };
      }
      const keyId = source.id;
      const key = await keyProof.ofToken(keyId, ip);
      if (key?.account.id !== account.id) throw new Failure(ErrorReason.BEARER_INVALID);
      const signedBody = hashOfBody(header);
      const { scope } = key;
      return { kind: "api key", account, scope, keyId, ...(signedBody !== undefined && { signedBody }) };
    },

    /** The owner of an API key that has proved itself before. Throws Failures for what is in the way of its use by now. */
    async ownerOf(keyId: number, ip: string): Promise<Holder> {
      const key = await keyProof.ofToken(keyId, ip);
      if (!key) throw new Failure(ErrorReason.API_KEY_UNKNOWN);
      return key.account;
    },
  };
}

export type TokenBearers = ReturnType<typeof createTokenBearers>;

/** Tokens from before a change of credentials go with the sessions. */
const wasReplaced = (asOf: number, { credentialsChangedAt }: Holder): boolean =>
  credentialsChangedAt !== null && asOf < credentialsChangedAt.getTime();

/** The hash that the key has signed: the gateway has seen to that, and may have kept the signature. A nonce alone says nothing of a body. */
function hashOfBody(header: Pick<Headers, "get">): string | undefined {
  const signature = header.get("x-auth-signature");
  if (signature !== null && schemeOf(signature) === "nonce") return undefined;
  return header.get("x-auth-content-sha256") || undefined;
}
