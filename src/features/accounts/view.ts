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

type Shown = Pick<Account, "email" | "uid" | "role" | "level" | "otp" | "state">;

export const userView = ({
  email,
  uid,
  role,
  level,
  otp,
  state,
}: Shown): MessageInitShape<typeof UserSchema> => ({
  email,
  uid,
  role,
  level,
  otp,
  state: states[state],
});
