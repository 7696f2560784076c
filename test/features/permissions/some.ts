import type { Question } from "../../../src/features/permissions/rules.js";
import type { Permission } from "../../../src/features/permissions/store.js";

const EPOCH = new Date(0);
let ids = 0;

/** A permission that accepts everything, but for what is said. */
export function somePermission(terms: Partial<Permission> = {}): Permission {
  ids += 1;
  const everything = { role: "*", verb: "ALL", path: "", action: "accept", caller: "any" } as const;
  const noConditions = { minLevel: null, label: null, scope: null, topic: null };
  return { id: ids, ...everything, ...noConditions, createdAt: EPOCH, updatedAt: EPOCH, ...terms };
}

/** A member's question by session, but for what is said. */
export function someQuestion({
  role = "member",
  level = 0,
  ...rest
}: Partial<Omit<Question, "account">> & { readonly role?: string; readonly level?: number } = {}): Question {
  return {
    verb: "GET",
    path: "api/v2/orders",
    kind: "session",
    scope: [],
    account: { id: 1, role, level },
    ...rest,
  };
}
