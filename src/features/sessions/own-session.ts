import type { OwnSessionIn } from "../accounts/accounts.js";
import { settingCookie, tokenIn } from "./cookie.js";

/**
 * The session in which a change of credentials is asked for, whose new token is set as the cookie. It is the cookie's also for callers
 * with a bearer token, which a gateway puts beside the cookie it was made for.
 */
export const ownSessions =
  (secureCookie: boolean): OwnSessionIn =>
  ({ requestHeader, responseHeader }) => {
    const token = tokenIn(requestHeader);
    if (token === undefined) return undefined;
    return {
      token,
      renewed(fresh, seconds) {
        responseHeader.set("set-cookie", settingCookie(fresh, seconds, secureCookie));
      },
    };
  };
