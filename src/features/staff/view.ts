import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Role, RoleSchema } from "../../../gen/barong/entities/v1/role_pb.js";
import type { UserRecordSchema, UserWithFullInfoSchema } from "../../../gen/barong/entities/v1/user_pb.js";
import type { ListedAccount } from "../accounts/directory.js";
import { userView } from "../accounts/view.js";
import { documentView } from "../documents/view.js";
import { labelView } from "../labels/view.js";
import { phoneView } from "../phones/view.js";
import { profileView } from "../profiles/view.js";
import type { Everything } from "./staff.js";

export const recordView = (account: ListedAccount): MessageInitShape<typeof UserRecordSchema> => ({
  ...userView(account),
  id: BigInt(account.id),
  ...(account.referralId !== null && { referralId: BigInt(account.referralId) }),
  createdAt: timestampFromDate(account.createdAt),
  updatedAt: timestampFromDate(account.updatedAt),
});

export const fullView = (known: Everything): MessageInitShape<typeof UserWithFullInfoSchema> => ({
  ...userView(known.account),
  ...(known.profile && { profile: profileView(known.profile) }),
  labels: known.labels.map(labelView),
  phones: known.phones.map(phoneView),
  documents: known.documents.map(documentView),
  createdAt: timestampFromDate(known.account.createdAt),
  updatedAt: timestampFromDate(known.account.updatedAt),
});

/** A role as accounts carry it: the schema's name without the prefix of its type. */
export function roleOf(role: Role): string {
  const { name } = RoleSchema.value[role] ?? {};
  if (name === undefined) throw new Error(`there is no role ${role}`);
  return name.slice("ROLE_".length).toLowerCase();
}
