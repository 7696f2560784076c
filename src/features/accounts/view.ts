import type { MessageInitShape } from "@bufbuild/protobuf";
import { type UserSchema, UserState } from "../../../gen/barong/entities/v1/user_pb.js";
import type { Account, AccountState } from "./store.js";

const states: Record<AccountState, UserState> = {
  pending: UserState.PENDING,
  active: UserState.ACTIVE,
  banned: UserState.BANNED,
  locked: UserState.LOCKED,
  deleted: UserState.DELETED,
};

/** The state that a request names. */
export function stateOf(shown: UserState): AccountState {
  const [state] = Object.entries(states).find(([, value]) => value === shown) ?? [];
  if (state === undefined) throw new Error(`no account is in state ${shown}`);
  return state as AccountState;
}

type Shown = Pick<Account, "email" | "uid" | "role" | "level" | "otp" | "state">;

export const userView = ({ email, uid, role, level, otp, state }: Shown) =>
  ({ email, uid, role, level, otp, state: states[state] }) satisfies MessageInitShape<typeof UserSchema>;
