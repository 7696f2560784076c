import type { SessionService } from "../../../gen/barong/admin/v1/session_service_pb.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Audit, Handlers } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import { rangeOf } from "../../platform/page.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { Sessions } from "./sessions.js";
import { sessionView } from "./view.js";

export interface AdminSessionsNeeds {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
}

export const adminSessionHandlers = ({
  accounts,
  sessions,
}: AdminSessionsNeeds): Handlers<typeof SessionService> => {
  async function known(uid: string): Promise<Account> {
    const account = await accounts.byUid(uid);
    if (!account) throw new Failure(ErrorReason.ADMIN_USER_NOT_FOUND);
    return account;
  }

  return {
    async listUserSessions({ uid = "", page, limit }) {
      const { id } = await known(uid);
      const { rows, total } = await sessions.list(id, rangeOf({ page, limit }));
      return { sessions: rows.map((session) => sessionView(session, false)), total: BigInt(total) };
    },

    async endUserSession({ uid = "", id = 0n }) {
      const account = await known(uid);
      await sessions.end(account.id, Number(id), byStaff("end session by staff"));
      return {};
    },

    async endUserSessions({ uid = "" }) {
      const account = await known(uid);
      await sessions.endOthers(account.id, undefined, byStaff("end sessions by staff"));
      return {};
    },
  };
};

/** What the account's owner reads of it; where staff sit is none of his business. */
const byStaff = (action: string): Audit => ({ topic: "session", action, ip: "", userAgent: "" });
