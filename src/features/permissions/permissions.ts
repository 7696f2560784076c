import type { Database } from "../../database/database.js";
import { BriefCache } from "../../platform/brief-cache.js";
import type { Origin } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import type { Paged, PageRange } from "../../platform/page.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import type { Labels } from "../labels/labels.js";
import { createPermissionChanges } from "./changes.js";
import { createCopy } from "./copy.js";
import {
  asksForLabel,
  carriedOnly,
  type Judgement,
  judgementOf,
  normalised,
  type Question,
} from "./rules.js";
import type { Permission, PermissionStore } from "./store.js";

export type { Judgement, Question } from "./rules.js";
export type { Permission, PermissionTerms } from "./store.js";

/** Accounts whose labels are kept. */
const MOST_ACCOUNTS = 20_000;
/** Of an AUDIT that says none. */
const TOPIC = "gateway";

export interface PermissionsNeeds {
  readonly database: Database;
  readonly store: PermissionStore;
  readonly accounts: Pick<Accounts, "onChanged">;
  readonly labels: Pick<Labels, "carriedBy" | "onPrivateChanged">;
  readonly activities: Pick<Activities, "noted">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where permissions place this API. */
  readonly ownPath: string;
  /** How old what is known about an account may be. */
  readonly cacheMs: number;
}

/** What a role may ask the services behind the gateway for. */
export function createPermissions(needs: PermissionsNeeds) {
  const { store, accounts, labels, activities, logger, cacheMs } = needs;
  const copy = createCopy({ store, logger });
  const carried = new BriefCache<ReadonlySet<string>>({ milliseconds: cacheMs, most: MOST_ACCOUNTS });
  accounts.onChanged(({ id }) => carried.forgetAllOf(id));
  // Most labels have no say in the level, so that the account stays as it was.
  labels.onPrivateChanged(({ id }) => carried.forgetAllOf(id));

  const changes = createPermissionChanges({ ...needs, refresh: copy.refresh });

  return {
    /** Whether a request may pass: at once, unless a permission asks for a label and the account's are not known. */
    judge(question: Question): Judgement | Promise<Judgement> {
      const matching = copy.current().matching(question);
      if (!matching.some(asksForLabel)) return judgementOf(matching);
      const { id } = question.account;
      const known = carried.peek(String(id));
      return known
        ? judgementOf(carriedOnly(matching, known))
        : labelsOf(id).then((read) => judgementOf(carriedOnly(matching, read)));
    },

    /** Writes down, in the account's log, that a request was made and how it was judged; once for each topic that asks for it. */
    async audit(
      { allowed, counted }: Judgement,
      { verb, path, account }: Question,
      { ip, userAgent }: Origin,
    ): Promise<void> {
      const audits = counted.filter(({ action }) => action === "audit");
      const topics = new Set(audits.map(({ topic }) => topic ?? TOPIC));
      const result = allowed ? "succeed" : "failed";
      for (const topic of topics)
        await activities.noted({ topic, action: "audit", ip, userAgent }, account.id, {
          result,
          facts: { verb, path },
        });
    },

    /** Oldest first. */
    async list(range: PageRange): Promise<Paged<Permission>> {
      const total = await store.count();
      const rows = range.offset < total ? await store.page(range) : [];
      return { rows: rows.map(normalised), total };
    },

    ...changes,

    /** Reads the permissions anew; throws when they cannot be read. To be waited for before anybody is served. */
    async reload(): Promise<void> {
      try {
        await copy.reload();
      } catch (cause) {
        throw new Error(`the permissions cannot be read: ${String(cause)}`, { cause });
      }
    },

    /** From now on changes that others make are seen within seconds. */
    start: copy.start,
    stop: copy.stop,
  };

  async function labelsOf(id: number): Promise<ReadonlySet<string>> {
    const read = await carried.load(
      String(id),
      () => labels.carriedBy(id),
      () => id,
    );
    return read ?? new Set();
  }
}

export type Permissions = ReturnType<typeof createPermissions>;
