import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Account, AccountState } from "../accounts/accounts.js";

/** What staff may change about an account; one of them at a time. */
export interface Change {
  readonly state?: AccountState | undefined;
  readonly otp?: boolean | undefined;
  readonly role?: string | undefined;
}

/** Why an account may not be changed so; undefined when it may. */
export function reasonAgainst(change: Change, account: Pick<Account, "state" | "otp" | "role">) {
  if (change.state === account.state) return ErrorReason.ADMIN_STATE_UNCHANGED;
  if (change.otp === account.otp) return ErrorReason.ADMIN_OTP_UNCHANGED;
  if (change.role === account.role) return ErrorReason.ADMIN_ROLE_UNCHANGED;
  // Only its owner can prove to hold the seed.
  return change.otp === true ? ErrorReason.ADMIN_OTP_ENABLE : undefined;
}
