import type { Tx } from "../../database/database.js";
import type { Audit, Origin } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import type { Subject } from "../../platform/failure.js";
import type { Paged, PageRange } from "../../platform/page.js";
import { isNews } from "./rules.js";
import type { Activity, ActivityStore } from "./store.js";

export type { Activity } from "./store.js";

/** How the log names a successful sign-in. */
const SIGN_INS = ["login", "login::2fa"];

/** Sign-ins that are looked through for a device. */
const REMEMBERED_SIGN_INS = 100;

export interface ActivitiesNeeds {
  readonly store: ActivityStore;
  readonly clock: Clock;
}

/** The log in which an account's owner sees what was done, or tried, in its name. Rows are never changed. */
export function createActivities({ store, clock }: ActivitiesNeeds) {
  const row = (audit: Audit, accountId: number) => ({
    userId: accountId,
    userIp: audit.ip,
    userAgent: audit.userAgent,
    topic: audit.topic,
    action: audit.action,
    createdAt: clock(),
  });

  return {
    /** Written with the change it tells of, so that neither exists without the other. */
    succeeded: (audit: Audit, accountId: number, tx: Tx): Promise<void> =>
      store.insert({ ...row(audit, accountId), result: "succeed", data: null }, tx),

    failed(audit: Audit, { accountId, action = audit.action }: Subject, reason: string): Promise<void> {
      const refused = row({ ...audit, action }, accountId);
      return store.insert({ ...refused, result: "failed", data: JSON.stringify({ reason }) });
    },

    /** What happened, with facts about it. */
    noted: (
      audit: Audit,
      accountId: number,
      { result, facts }: { readonly result: Activity["result"]; readonly facts: object },
      tx?: Tx,
    ): Promise<void> => store.insert({ ...row(audit, accountId), result, data: JSON.stringify(facts) }, tx),

    latest: store.latest,

    /** Newest first; those of one topic, or of `all`. */
    async list(accountId: number, topic: string, range: PageRange): Promise<Paged<Activity>> {
      const wanted = topic === "all" ? { userId: accountId } : { userId: accountId, topic };
      const total = await store.count(wanted);
      return { rows: range.offset < total ? await store.page(wanted, range) : [], total };
    },

    /** Whether somebody has signed in to the account from this address before. */
    hasSignedInFrom: (accountId: number, ip: string): Promise<boolean> =>
      store.hasSignIn({ userId: accountId, userIp: ip }, SIGN_INS),

    /** Whether the owner is to be told that somebody has just signed in from there, which is not yet in the log. */
    async isNewDevice(accountId: number, origin: Origin, tx: Tx): Promise<boolean> {
      const before = await store.signIns(accountId, SIGN_INS, REMEMBERED_SIGN_INS, tx);
      return isNews(origin, before, clock());
    },
  };
}

export type Activities = ReturnType<typeof createActivities>;
