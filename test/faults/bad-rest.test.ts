import { afterEach, beforeAll, expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember, bearerFor, rest, signIn } from "../support/rest.js";
import { PASSWORD, startedApp } from "../support/start-app.js";
import { recordingLogger, storedRows } from "./observed.js";

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data; boundary=cut";
/** Sent in all kinds of wrong places; never to be seen in a log. */
const SECRET = "Never2belogged";
const MOST_TEXT = "x".repeat(64 * 1024);
const DEEP = "[".repeat(10_000) + "]".repeat(10_000);

const USERS = "/identity/users";
const SESSIONS = "/identity/sessions";
const missing = (name: string) => [`identity.user.missing_${name}`, `identity.user.empty_${name}`];
const MALFORMED_BODY = [400, ["request.malformed_body"]] as const;
const MALFORMED_URL = [400, ["request.malformed_url"]] as const;
const TOO_LARGE = [413, ["request.body_too_large"]] as const;
const UNSUPPORTED = [415, ["request.unsupported_media_type"]] as const;

type Body = string | Uint8Array<ArrayBuffer>;
type Refusal = readonly [status: number, codes: readonly string[]];
type Row = readonly [is: string, path: string, type: string | undefined, body: Body | undefined, Refusal];

const json = (is: string, path: string, fields: unknown, refusal: Refusal): Row => [
  is,
  path,
  JSON_TYPE,
  typeof fields === "string" ? fields : JSON.stringify(fields),
  refusal,
];
const form = (is: string, path: string, body: Body, refusal: Refusal): Row => [
  is,
  path,
  FORM_TYPE,
  body,
  refusal,
];
const url = (is: string, path: string, refusal: Refusal): Row => [is, path, undefined, undefined, refusal];

const withPassword = { password: SECRET };
const password = `password=${SECRET}`;
const invalidEmail: Refusal = [422, ["identity.user.invalid_email"]];
const noEmail: Refusal = [400, missing("email")];

const table: readonly Row[] = [
  json("an empty object", USERS, {}, [400, [...missing("email"), ...missing("password")]]),
  form("an empty form", USERS, "", [400, [...missing("email"), ...missing("password")]]),
  json("blank text", USERS, { email: " \t", ...withPassword }, [400, ["identity.user.empty_email"]]),
  json("null", USERS, { email: null, ...withPassword }, [400, ["identity.user.empty_email"]]),
  json("a missing token", `${USERS}/email/confirm_code`, {}, [400, missing("token")]),
  json("a sign-in without a password", SESSIONS, { email: "a@example.com" }, [
    400,
    ["identity.session.missing_password"],
  ]),

  json("a number for text", USERS, { email: 5, ...withPassword }, invalidEmail),
  json("a truth for text", USERS, { email: true, ...withPassword }, invalidEmail),
  json("a list for text", USERS, { email: ["a@example.com"], ...withPassword }, invalidEmail),
  json("an object for text", USERS, { email: { a: 1 }, ...withPassword }, invalidEmail),
  form("a repeated parameter", USERS, `email=a@example.com&email=b@example.com&${password}`, invalidEmail),

  json("a text of nearly 64 KiB", USERS, { email: MOST_TEXT.slice(500), ...withPassword }, invalidEmail),
  json("a text of 64 KiB", USERS, { email: MOST_TEXT, ...withPassword }, TOO_LARGE),
  form("a form of 64 KiB", USERS, `${password}&email=${MOST_TEXT}`, TOO_LARGE),
  json("a password of 64 KiB", SESSIONS, { email: "a@example.com", password: MOST_TEXT }, TOO_LARGE),

  json("a list 10,000 deep", USERS, `{"captcha_response":${DEEP},"password":"${SECRET}"}`, MALFORMED_BODY),
  json("a deep list nobody asked for", USERS, `{"unknown":${DEEP}}`, MALFORMED_BODY),
  json("a deep list without an end", USERS, "[".repeat(10_000), MALFORMED_BODY),
  json("half an object", USERS, `{"password":"${SECRET}"`, MALFORMED_BODY),
  json("an object with a slip", USERS, `{"password":"${SECRET}" "email":1}`, MALFORMED_BODY),
  json("a trailing comma", USERS, `{"password":"${SECRET}",}`, MALFORMED_BODY),
  json("two objects", USERS, `{"password":"${SECRET}"}{}`, MALFORMED_BODY),
  json("a list", USERS, `["${SECRET}"]`, MALFORMED_BODY),
  json("a text", USERS, `"${SECRET}"`, MALFORMED_BODY),
  json("the null", USERS, "null", MALFORMED_BODY),
  json("a number that is none", USERS, `{"email":NaN}`, MALFORMED_BODY),

  ["JSON that is not UTF-8", USERS, JSON_TYPE, bytes(`{"email":"\xff\xfe"}`), MALFORMED_BODY],
  ["a form that is not UTF-8", USERS, FORM_TYPE, bytes("email=\xff\xfe"), MALFORMED_BODY],
  form("a form with escapes that are not UTF-8", USERS, `email=%ff%fe&${password}`, MALFORMED_BODY),
  form("a form with a broken escape", USERS, `email=%zz&${password}`, MALFORMED_BODY),
  url("a path that is not UTF-8", "/auth/%ff%fe", MALFORMED_URL),
  url("a path with a broken escape", "/auth/%zz", MALFORMED_URL),
  url("a path that ends in an escape", `${USERS}%`, MALFORMED_URL),
  url("a query that is not UTF-8", `${USERS}?email=%ff&${password}`, MALFORMED_URL),
  url("a query with a broken escape", `${USERS}?email=%zz&${password}`, MALFORMED_URL),
  json(
    "half a surrogate pair",
    USERS,
    `{"email":"a\\ud800@example.com","password":"${SECRET}"}`,
    invalidEmail,
  ),
  json("a NUL in the address", USERS, { email: "a\0@example.com", ...withPassword }, [
    422,
    ["email.invalid"],
  ]),
  json("a line break in the address", USERS, { email: "a@example.com\r\nBcc: b", ...withPassword }, [
    422,
    ["email.invalid"],
  ]),

  ["plain text", USERS, "text/plain", password, UNSUPPORTED],
  ["XML", USERS, "application/xml", "<a/>", UNSUPPORTED],
  ["bytes", USERS, "application/octet-stream", password, UNSUPPORTED],
  ["a content type that is none", USERS, "garbage", password, UNSUPPORTED],
  ["JSON in UTF-16", USERS, "application/json; charset=utf-16", "{}", UNSUPPORTED],
  ["multipart without a boundary", USERS, "multipart/form-data", password, MALFORMED_BODY],
  ["multipart without its end", USERS, MULTIPART, part("password", SECRET), MALFORMED_BODY],
  [
    "a file for text",
    USERS,
    MULTIPART,
    `${part("password", SECRET)}\r\n${part('email"; filename="a', "a@example.com")}\r\n--cut--\r\n`,
    invalidEmail,
  ],

  json(
    "a key twice, the last one bad",
    USERS,
    `{"email":"a@example.com","email":"a b","password":"${PASSWORD}"}`,
    [422, ["email.invalid"]],
  ),
  json("a prototype", USERS, `{"__proto__":{"email":"a@example.com"},"password":"${SECRET}"}`, noEmail),
  json("a constructor", USERS, { constructor: { prototype: { email: "a" } }, ...withPassword }, noEmail),
  form("a prototype in a form", USERS, `__proto__[email]=a&__proto__.email=a&${password}`, noEmail),
  json("a wrong verb", "/resource/users/me", `{"password":"${SECRET}"`, [
    405,
    ["request.method_not_allowed"],
  ]),
];

describeEachDatabase("bad input over REST", (database) => {
  const { logger, lines } = recordingLogger();
  const app = startedApp(database, { logger });
  const secrets = [SECRET, PASSWORD];
  let authorization = "";
  let cookie = "";
  let before: Record<string, number>;

  beforeAll(async () => {
    const email = await activeMember(app);
    cookie = await signIn(app, email);
    authorization = await bearerFor(app, cookie);
    secrets.push(cookie.slice("_barong_session=".length), authorization.slice("Bearer ".length));
    await app.mails();
    before = await storedRows(app.database);
  });

  afterEach(async () => {
    expect(await storedRows(app.database)).toEqual(before);
    const log = lines.join("");
    for (const secret of secrets) expect(log).not.toContain(secret);
    expect(log).not.toMatch(/"level":[56]0/);
  });

  test.each(table)("%s is refused for what it is", async (_is, path, type, body, [status, errors]) => {
    const answer = await rest(app, "POST", path, {
      headers: { cookie, authorization, ...(type !== undefined && { "content-type": type }) },
      ...(body !== undefined && { raw: body }),
    });

    expect(answer).toMatchObject({ status, body: { errors } });
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  });

  test("a body cannot give every object a property", async () => {
    for (const body of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}']) {
      for (const path of [USERS, SESSIONS]) {
        await rest(app, "POST", path, { headers: { "content-type": JSON_TYPE }, raw: body });
      }
    }

    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  test("secrets in a query are not logged with the path", async () => {
    const answer = await rest(app, "POST", `${USERS}?email=bad&${password}&token=${SECRET}`);

    expect(answer.status).toBe(422);
    await expect.poll(() => lines.join("")).toContain('"status":422');
  });
});

/** One byte for each character. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function part(name: string, value: string): string {
  return `--cut\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
}
