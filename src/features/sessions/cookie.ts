import { parse, serialize } from "cookie";

const SESSION = "_barong_session";
const DEVICE = "_barong_device";

/** The session token in a request's cookies. */
export const tokenIn = (header: Pick<Headers, "get">): string | undefined => cookieNamed(SESSION, header);

/** What the browser keeps of accounts that have signed in there. */
export const deviceIn = (header: Pick<Headers, "get">): string | undefined => cookieNamed(DEVICE, header);

function cookieNamed(name: string, header: Pick<Headers, "get">): string | undefined {
  const cookies = header.get("cookie");
  return cookies === null ? undefined : parse(cookies)[name] || undefined;
}

/** "strict" would drop the cookie when a link in our mail opens the site. */
const attributes = (secure: boolean) => ({ path: "/", httpOnly: true, sameSite: "lax" as const, secure });

export const settingCookie = (token: string, seconds: number, secure: boolean): string =>
  serialize(SESSION, token, { ...attributes(secure), maxAge: seconds });

export const clearingCookie = (secure: boolean): string =>
  serialize(SESSION, "", { ...attributes(secure), maxAge: 0 });

/** Stays when the owner signs out. */
export const settingDeviceCookie = (value: string, seconds: number, secure: boolean): string =>
  serialize(DEVICE, value, { ...attributes(secure), maxAge: seconds });
