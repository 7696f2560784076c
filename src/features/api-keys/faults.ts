import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { KnownKey } from "./known-keys.js";

/** Why a key may not be used by anybody; undefined when it may. */
export const generalFault = (key: KnownKey, now: Date): ErrorReason | undefined =>
  keyFault(key, now) ?? ownerFault(key);

/** Why a key may not be used from an address; undefined when it may. */
export const faultFrom = (ip: string, key: KnownKey, now: Date): ErrorReason | undefined =>
  keyFault(key, now) ?? addressFault(ip, key) ?? ownerFault(key);

function keyFault({ state, expiresAt }: KnownKey, now: Date): ErrorReason | undefined {
  if (state !== "active") return ErrorReason.API_KEY_NOT_ACTIVE;
  return expiresAt !== null && expiresAt <= now ? ErrorReason.API_KEY_EXPIRED : undefined;
}

const addressFault = (ip: string, key: KnownKey): ErrorReason | undefined =>
  key.allows(ip) ? undefined : ErrorReason.API_KEY_IP_REFUSED;

function ownerFault({ account }: KnownKey): ErrorReason | undefined {
  if (account.state !== "active") return ErrorReason.SESSION_INVALID;
  return account.otp ? undefined : ErrorReason.API_KEY_OTP_DISABLED;
}
