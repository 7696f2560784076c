import type { Holder } from "../accounts/accounts.js";
import type { Permission, PermissionAction, PermissionCaller, PermissionTerms } from "./store.js";

/** As many as are looked through within microseconds. */
export const MOST_PERMISSIONS = 1000;

/** What permissions are asked about. */
export interface Question {
  /** In capitals. */
  readonly verb: string;
  /** In plain words, without slashes at its ends. */
  readonly path: string;
  readonly kind: "session" | "api key";
  /** Words of the API key's scope. */
  readonly scope: readonly string[];
  readonly account: Pick<Holder, "id" | "role" | "level">;
}

export interface Judgement {
  readonly allowed: boolean;
  /** The permissions all of whose conditions hold, oldest first. */
  readonly counted: readonly Permission[];
}

/** Permissions, ready to be asked for all the time. */
export interface PermissionIndex {
  /** Those of which every condition holds, but for the label, which is not looked at. Oldest first. */
  matching(question: Question): Permission[];
}

const ANY_ROLE = "*";
const ANY_VERB = "ALL";

export function indexed(permissions: readonly Permission[]): PermissionIndex {
  const roles = new Set(permissions.map(({ role }) => role));
  const verbs = new Set(permissions.map(({ verb }) => verb)).add("HEAD");
  const lists = new Map<string, PrefixList>();

  /** Those of a role and a verb. */
  function listOf(role: string, verb: string): PrefixList {
    // Words that no permission has share a list, so that clients who make some up fill no memory.
    const knownRole = roles.has(role) ? role : ANY_ROLE;
    const knownVerb = verbs.has(verb) ? verb : ANY_VERB;
    const name = `${knownRole} ${knownVerb}`;
    const present = lists.get(name);
    if (present) return present;
    const list = byPrefix(
      permissions.filter(
        (each) => (each.role === role || each.role === ANY_ROLE) && coversVerb(each.verb, verb),
      ),
    );
    lists.set(name, list);
    return list;
  }

  return {
    matching(question) {
      // As a prefix that ends with a slash covers the folder itself, too.
      const path = `${question.path}/`;
      const { lengths, withPrefix } = listOf(question.account.role, question.verb);
      const found: Permission[] = [];
      for (const length of lengths) {
        if (length > path.length) break;
        for (const each of withPrefix.get(path.slice(0, length)) ?? [])
          if (holdsFor(each, question)) found.push(each);
      }
      return found.sort((one, other) => one.id - other.id);
    },
  };
}

/** Permissions by the prefix that they are for: looked up as often as prefixes differ in length, however many there are. */
interface PrefixList {
  /** Ascending. */
  readonly lengths: readonly number[];
  readonly withPrefix: ReadonlyMap<string, readonly Permission[]>;
}

function byPrefix(permissions: readonly Permission[]): PrefixList {
  const withPrefix = new Map<string, Permission[]>();
  for (const each of permissions) {
    const present = withPrefix.get(each.path);
    if (present) present.push(each);
    else withPrefix.set(each.path, [each]);
  }
  const lengths = new Set([...withPrefix.keys()].map((prefix) => prefix.length));
  return { lengths: [...lengths].sort((one, other) => one - other), withPrefix };
}

/** One DROP refuses; without it, at least one ACCEPT is needed. */
export const judgementOf = (counted: readonly Permission[]): Judgement => ({
  allowed:
    counted.some(({ action }) => action === "accept") && !counted.some(({ action }) => action === "drop"),
  counted,
});

/** Those whose label is carried, or that ask for none. Labels are `key:value`. */
export const carriedOnly = (permissions: readonly Permission[], labels: ReadonlySet<string>): Permission[] =>
  permissions.filter(({ label }) => label === null || labels.has(label));

export const asksForLabel = ({ label }: Permission): boolean => label !== null;

/** Terms as they are compared: verb in capitals, other words in small letters, path without slashes in front or in a row. */
export const normalised = <Terms extends PermissionTerms>(terms: Terms): Terms => ({
  ...terms,
  verb: terms.verb.toUpperCase(),
  path: terms.path
    .trim()
    .replace(/\/{2,}/g, "/")
    .replace(/^\//, ""),
  action: terms.action.toLowerCase(),
  caller: terms.caller.toLowerCase(),
});

/** Where a path of ours is for the gateway that offers this API under `ownPath`, which is empty where it does so at its root. */
export const pathUnder = (ownPath: string, path: string): string =>
  ownPath === "" ? path : `${ownPath}/${path}`;

/** Throws an Error for a row that nobody understands, as somebody may have written one by hand. */
export function refuseUnknownWords({ id, action, caller }: Permission): void {
  if (!ACTIONS.includes(action)) throw new Error(`permission ${id} has an unknown action, "${action}"`);
  if (!CALLERS.includes(caller)) throw new Error(`permission ${id} has an unknown caller, "${caller}"`);
}

const ACTIONS: readonly PermissionAction[] = ["accept", "drop", "audit"];
const CALLERS: readonly PermissionCaller[] = ["any", "session", "api_key"];

/** HEAD reads what GET reads. */
const coversVerb = (verb: string, asked: string): boolean =>
  verb === asked || verb === ANY_VERB || (verb === "GET" && asked === "HEAD");

function holdsFor(
  { caller, minLevel, scope }: Permission,
  { kind, scope: words, account }: Question,
): boolean {
  const isKey = kind === "api key";
  if (caller !== "any" && (caller === "api_key") !== isKey) return false;
  if (minLevel !== null && account.level < minLevel) return false;
  return scope === null || (isKey && words.includes(scope));
}
