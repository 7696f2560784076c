import type { SessionService } from "../../../gen/barong/resource/v1/session_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { rangeOf } from "../../platform/page.js";
import { clearingCookie, tokenIn } from "./cookie.js";
import type { Sessions } from "./sessions.js";
import { sessionView } from "./view.js";

export const ownSessionHandlers = (
  sessions: Sessions,
  { secureCookie }: { readonly secureCookie: boolean },
): Handlers<typeof SessionService> => ({
  async listSessions(request, { caller }) {
    const { rows, total } = await sessions.list(caller.accountId, rangeOf(request));
    return {
      sessions: rows.map((session) => sessionView(session, session.id === caller.sessionId)),
      total: BigInt(total),
    };
  },

  async endSession({ id = 0n }, { caller, requestHeader, responseHeader, audit }) {
    const ended = await sessions.end(caller.accountId, Number(id), audit);
    if (sessions.isBehind(ended, tokenIn(requestHeader)))
      responseHeader.append("set-cookie", clearingCookie(secureCookie));
    return {};
  },

  async endOtherSessions(_request, { caller, audit }) {
    await sessions.endOthers(caller.accountId, caller.sessionId, audit);
    return {};
  },
});
