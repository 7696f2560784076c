import { secondsAfter } from "../../platform/clock.js";

export interface SessionLimits {
  /** Without a request for this long a session has ended. */
  readonly idleSeconds: number;
  /** It ends after this long, however busy it is. */
  readonly lifetimeSeconds: number;
  /** Sessions that an account may have at a time. */
  readonly perAccount: number;
}

export const hasEnded = (
  session: { readonly lastSeenAt: Date; readonly expiresAt: Date },
  { idleSeconds }: SessionLimits,
  now: Date,
): boolean => session.expiresAt <= now || secondsAfter(session.lastSeenAt, idleSeconds) <= now;

/** Whether it is time to write down that a session was seen: often enough for the idle limit, not at every request. */
export const deservesTouch = (
  session: { readonly lastSeenAt: Date },
  { idleSeconds }: SessionLimits,
  now: Date,
): boolean => secondsAfter(session.lastSeenAt, Math.min(60, idleSeconds / 10)) <= now;

/** Whether a text has the form of a session token. */
export const isToken = (text: string): boolean => /^[\w-]{43}$/.test(text);

export interface TrustedOrigins {
  /** The origin of the site itself, such as `https://www.example.com`. */
  readonly own: string;
  /** Further origins whose pages may act with the cookie. */
  readonly allowed: readonly string[];
}

/**
 * Whether a request that changes something may use the session cookie: browsers say where it comes from in `Origin` and
 * `Sec-Fetch-Site`; programs that are no browsers send neither and carry no cookie of somebody else.
 */
export function cookieMayAct(header: Pick<Headers, "get">, { own, allowed }: TrustedOrigins): boolean {
  const origin = header.get("origin");
  if (origin !== null) {
    if (origin === own || allowed.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === header.get("host");
  }
  const site = header.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

/**
 * Whether a request to sign in may leave its cookie in the browser. A form on a foreign page would sign the visitor in as somebody
 * else; anything but a form has to ask by a preflight first, and its cookie is dropped unless that page is allowed credentials.
 */
export function mayBecomeSession(header: Headers, origins: TrustedOrigins): boolean {
  return cookieMayAct(header, origins) || !isWithinReachOfForms(header.get("content-type"));
}

const isWithinReachOfForms = (contentType: string | null): boolean =>
  contentType === null ||
  /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i.test(contentType);
