import { expect } from "vitest";
import { type Answer, activeMember, rest, signIn } from "./rest.js";
import type { Started } from "./start-app.js";

export const DOCUMENTS = "/resource/documents";

/** What is told about a paper, as the front end of an exchange does. */
export const PASSPORT = { doc_expire: "22/01/2099", doc_type: "Passport", doc_number: "AB 123456" };

export interface Shown {
  readonly upload: { readonly url: string };
  readonly doc_type: string;
  readonly doc_number: string;
  readonly doc_expire: string;
}

export type Fields = Readonly<Record<string, string>>;

/** A file on its way into a form. */
export const named = (name: string, content: Uint8Array): File => new File([new Uint8Array(content)], name);

/** Files first, each in `upload[]`, as front ends send them. */
export function formOf(files: readonly File[], fields: Fields = PASSPORT, fileField = "upload[]"): FormData {
  const form = new FormData();
  for (const file of files) form.append(fileField, file);
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

/** Somebody with an account, and calls in his name. */
export async function memberWithPapers(app: Started) {
  const email = await activeMember(app);
  const headers = { cookie: await signIn(app, email) };
  const account = await app.rooms.accounts.byEmail(email);
  const id = account?.id ?? 0;
  return {
    id,
    email,
    headers,
    handIn: (files: readonly File[], fields?: Fields): Promise<Answer> =>
      rest(app, "POST", DOCUMENTS, { headers, multipart: formOf(files, fields) }),
    handInForm: (multipart: FormData): Promise<Answer> =>
      rest(app, "POST", DOCUMENTS, { headers, multipart }),
    handInJson: (json: unknown): Promise<Answer> => rest(app, "POST", DOCUMENTS, { headers, json }),
    async documents(): Promise<Shown[]> {
      const { status, body } = await rest(app, "GET", DOCUMENTS, { headers });
      expect(status).toBe(200);
      return body as Shown[];
    },
    async labels(): Promise<string[]> {
      const labels = await app.rooms.labels.ofAccount(id);
      return labels.map(({ key, value, scope }) => `${scope} ${key}:${value}`);
    },
    level: async () => (await app.rooms.accounts.byId(id))?.level,
  };
}

/** A link, at the port which the server has got. */
export const reachable = (app: Started, url: string): string =>
  url.replace(/^http:\/\/localhost:0\//, `${app.http}/`);

/** Follows a link without anybody's cookie. */
export const follow = (app: Started, url: string): Promise<Response> => fetch(reachable(app, url));
