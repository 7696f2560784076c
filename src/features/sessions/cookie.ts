import { parse, serialize } from "cookie";

const NAME = "_barong_session";

/** The session token in a request's cookies. */
export const tokenIn = (header: Pick<Headers, "get">): string | undefined => {
  const cookies = header.get("cookie");
  return cookies === null ? undefined : parse(cookies)[NAME] || undefined;
};

/** "strict" would drop the cookie when a link in our mail opens the site. */
const attributes = (secure: boolean) => ({ path: "/", httpOnly: true, sameSite: "lax" as const, secure });

export const settingCookie = (token: string, seconds: number, secure: boolean): string =>
  serialize(NAME, token, { ...attributes(secure), maxAge: seconds });

export const clearingCookie = (secure: boolean): string =>
  serialize(NAME, "", { ...attributes(secure), maxAge: 0 });
