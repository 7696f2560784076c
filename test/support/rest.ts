import { expect } from "vitest";
import { validateExchange } from "./openapi/validate.js";
import { PASSWORD, type Started } from "./start-app.js";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Calls the REST API as a program would that knows nothing but its documentation. Throws when the answer is not as the OpenAPI document
 * says, whatever else a test looks at.
 */
export async function rest(
  app: Pick<Started, "http">,
  method: string,
  path: string,
  {
    json,
    form,
    multipart,
    raw,
    headers = {},
  }: {
    json?: unknown;
    form?: Readonly<Record<string, string>>;
    multipart?: FormData;
    /** Any body, whose type is in the headers. */
    raw?: string | Uint8Array<ArrayBuffer>;
    headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const text = json !== undefined ? JSON.stringify(json) : form && new URLSearchParams(form).toString();
  const type = json !== undefined ? "application/json" : "application/x-www-form-urlencoded";
  const body = text ?? multipart ?? raw;
  const response = await fetch(`${app.http}/api/v2${path}`, {
    method,
    // The boundary of a multipart form is known to fetch alone.
    headers: { ...(text !== undefined && { "content-type": type }), ...headers },
    ...(body !== undefined && { body }),
  });
  const answer = await response.text();
  const [pathAlone = "", ...query] = path.split("?");
  validateExchange({
    method,
    path: `/api/v2${pathAlone}`,
    query: query.join("?"),
    contentType: headers["content-type"] ?? (multipart ? "multipart/form-data" : type),
    body: body instanceof Uint8Array ? Buffer.from(body).toString("latin1") : body,
    status: response.status,
    answer,
    headers: response.headers,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: answer === "" ? "" : JSON.parse(answer),
  };
}

export const post = (
  app: Pick<Started, "http">,
  path: string,
  json: Fields,
  headers: Readonly<Record<string, string>> = {},
) => rest(app, "POST", path, { json, headers });

/** Asserts a refusal: its status and exactly these codes. */
export function expectRefusal(answer: Answer, status: number, ...codes: string[]): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { errors: codes } });
}

let members = 0;

/** An address that no other test uses. */
export function freshEmail(): string {
  members += 1;
  return `member${members}.${process.pid}@example.com`;
}

/** Signs an account up and confirms its address. */
export async function activeMember(app: Started, email = freshEmail()): Promise<string> {
  await pendingMember(app, email);
  const confirmed = await post(app, "/identity/users/email/confirm_code", {
    token: await app.tokenFor(email),
  });
  expect(confirmed.status).toBe(201);
  return email;
}

export async function pendingMember(app: Started, email = freshEmail()): Promise<string> {
  const created = await post(app, "/identity/users", { email, password: PASSWORD });
  expect(created).toMatchObject({ status: 201, body: 201 });
  return email;
}

/** Signs in and answers the `Cookie` header to send from then on. */
export async function signIn(app: Started, email: string, password = PASSWORD): Promise<string> {
  const answer = await post(app, "/identity/sessions", { email, password });
  expect(answer.status).toBe(201);
  return cookieOf(answer);
}

export function cookieOf({ headers }: Answer): string {
  const [cookie = ""] = headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
  return cookie;
}

/** The bearer token the gateway gets for a cookie. */
export async function bearerFor(app: Started, cookie: string): Promise<string> {
  const { status, headers } = await rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } });
  expect(status).toBe(200);
  return headers.get("authorization") ?? "";
}
