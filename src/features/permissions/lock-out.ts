import type { Caller } from "../../platform/call.js";
import { carriedOnly, indexed, judgementOf, pathUnder } from "./rules.js";
import type { Permission } from "./store.js";

export interface Maker {
  readonly caller: Pick<Caller, "accountId" | "role" | "level">;
  /** His private labels, as `key:value`. */
  readonly carried: ReadonlySet<string>;
  /** Where permissions place this API. */
  readonly ownPath: string;
}

const VERBS = ["GET", "POST", "PUT", "DELETE"];

/** Whether a change would take from its maker what he needs to undo it. */
export function locksOut(
  maker: Maker,
  present: readonly Permission[],
  future: readonly Permission[],
): boolean {
  const before = wayOf(maker, present);
  const after = new Set(wayOf(maker, future));
  return before.some((verb) => !after.has(verb));
}

/** The verbs with which somebody may ask for permissions. */
function wayOf({ caller, carried, ownPath }: Maker, permissions: readonly Permission[]): string[] {
  const { accountId: id, role, level } = caller;
  const index = indexed(permissions);
  const path = pathUnder(ownPath, "admin/permissions");
  return VERBS.filter((verb) => {
    const matching = index.matching({
      verb,
      path,
      // API keys do not change permissions.
      kind: "session",
      scope: [],
      account: { id, role, level },
    });
    return judgementOf(carriedOnly(matching, carried)).allowed;
  });
}
