import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ExplainVerdictResponseSchema,
  VerdictRule,
} from "../../../gen/barong/admin/v1/permission_service_pb.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure, rulesOf } from "../../platform/failure.js";
import type { Accounts, Holder } from "../accounts/accounts.js";
import type { KeyProof } from "../api-keys/proof.js";
import type { Permissions } from "../permissions/permissions.js";
import { permissionView } from "../permissions/view.js";
import { listingOf, type PathRules } from "./path-rules.js";
import type { PlainPath } from "./plain-path.js";

export interface ExplainNeeds {
  readonly accounts: Accounts;
  readonly keyProof: Pick<KeyProof, "known">;
  readonly permissions: Permissions;
  readonly rules: { current(): PathRules };
}

export interface Hypothesis {
  readonly verb: string;
  /** Path and query as a client would send them to the gateway. */
  readonly target: string;
  /** Asks about a session of this account. */
  readonly uid: string | undefined;
  /** Asks about this API key. */
  readonly kid: string | undefined;
}

type Explanation = MessageInitShape<typeof ExplainVerdictResponseSchema>;

interface Supposed {
  readonly kind: "session" | "api key";
  readonly scope: readonly string[];
  readonly account: Holder;
  readonly refusal?: ErrorReason | undefined;
}

/** Tells what the gateway's verdict would be, step by step as the verdict goes, without a session, a signature or a token. */
export function createExplain({ accounts, keyProof, permissions, rules }: ExplainNeeds) {
  return async ({ verb, target, uid, kid }: Hypothesis): Promise<Explanation> => {
    const [sent = ""] = target.split("?", 1);
    const listing = listingOf(sent, rules.current());
    if (listing.says === "ambiguous") {
      const why = "The path can be understood in more than one way, so nobody is let through.";
      return refused(VerdictRule.AMBIGUOUS_PATH, ErrorReason.PERMISSION_DENIED, why);
    }
    const path = listing.path.resolved;
    if (listing.says === "block") {
      const why = `The block list of the rules file has "${listing.prefix}", which is stronger than everything else.`;
      const { prefix } = listing;
      return { ...refused(VerdictRule.BLOCK, ErrorReason.PERMISSION_DENIED, why), path, prefix };
    }
    if (listing.says === "pass") {
      const why = `The pass list of the rules file has "${listing.prefix}": open to everybody, no token is made.`;
      return { allowed: true, decidedBy: VerdictRule.PASS, why, path, prefix: listing.prefix };
    }
    const supposed = await suppose(uid, kid);
    if (supposed === undefined) {
      const why = "No list names the path, so a session or an API key is needed.";
      return { ...refused(VerdictRule.NO_CALLER, ErrorReason.SESSION_INVALID, why), path };
    }
    if (supposed.refusal !== undefined) {
      const why = `${rulesOf(supposed.refusal).sentence}.`;
      return { ...refused(VerdictRule.CALLER, supposed.refusal, why), path };
    }
    return { ...(await byPermissions(supposed, verb, listing.path)), path };
  };

  async function suppose(uid: string | undefined, kid: string | undefined): Promise<Supposed | undefined> {
    if (kid !== undefined) {
      const key = await keyProof.known(kid);
      if (!key) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      return { kind: "api key", ...key };
    }
    if (uid === undefined) return undefined;
    const account = await accounts.byUid(uid);
    if (!account) throw new Failure(ErrorReason.ADMIN_USER_NOT_FOUND);
    const refusal = account.state === "active" ? undefined : ErrorReason.USER_NOT_ACTIVE;
    return { kind: "session", scope: [], account, refusal };
  }

  async function byPermissions(
    { kind, scope, account }: Supposed,
    verb: string,
    { resolved, unresolved }: PlainPath,
  ): Promise<Explanation> {
    const question = { verb, path: resolved, kind, scope, account };
    const first = await permissions.judge(question);
    // A path with dots in it is judged in both of its forms; the one that refuses is told.
    const second =
      first.allowed && unresolved !== undefined
        ? await permissions.judge({ ...question, path: unresolved })
        : undefined;
    const { allowed, counted } = second ?? first;
    const found = { decidedBy: VerdictRule.PERMISSIONS, permissions: counted.map(permissionView) };
    if (allowed)
      return { ...found, allowed, why: "At least one permission accepts the request, and none drops it." };
    const drop = counted.find(({ action }) => action === "drop");
    const why = drop ? `Permission ${drop.id} drops the request.` : "No permission accepts the request.";
    return { ...found, allowed, why, code: rulesOf(ErrorReason.INVALID_PERMISSION).code };
  }
}

export type Explain = ReturnType<typeof createExplain>;

const refused = (decidedBy: VerdictRule, reason: ErrorReason, why: string): Explanation => ({
  allowed: false,
  decidedBy,
  why,
  code: rulesOf(reason).code,
});
