import { aPng } from "../../support/files.js";
import { type Answer, rest } from "../../support/rest.js";
import type { Started } from "../../support/start-app.js";
import type { GoodRequest } from "./requests.js";
import type { Operation } from "./specification.js";

/** Sends a request with each parameter in its documented place, or what belongs into a form as JSON. */
export function send(
  app: Started,
  { method, path, parameters }: Operation,
  { values, headers = {} }: GoodRequest,
  form: "form" | "json" = "form",
): Promise<Answer> {
  const given = parameters.filter(({ name }) => values[name] !== undefined);
  const textOf = (name: string) => values[name] ?? "";
  const at = (place: string) => given.filter((parameter) => parameter.in === place).map(({ name }) => name);
  const filled = at("path").reduce(
    (text, name) => text.replace(`{${name}}`, encodeURIComponent(textOf(name))),
    path,
  );
  const query = new URLSearchParams(Object.fromEntries(at("query").map((name) => [name, textOf(name)])));
  const target = query.size === 0 ? filled : `${filled}?${query}`;
  const fields = Object.fromEntries(at("form").map((name) => [name, textOf(name)]));
  if (!parameters.some((parameter) => parameter.in === "form")) return rest(app, method, target, { headers });
  if (form === "json") return rest(app, method, target, { headers, json: asJson(fields) });
  if (!parameters.some(({ name }) => name === "upload"))
    return rest(app, method, target, { headers, form: fields });
  return rest(app, method, target, { headers, multipart: asMultipart(fields) });
}

function asJson({ upload, otp, ...texts }: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    ...texts,
    ...(otp !== undefined && { otp: otp === "true" }),
    ...(upload !== undefined && { upload: [{ filename: upload, data: aPng().toString("base64") }] }),
  };
}

function asMultipart({ upload, ...texts }: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  if (upload !== undefined) form.append("upload[]", new Blob([new Uint8Array(aPng())]), upload);
  for (const [name, text] of Object.entries(texts)) form.append(name, text);
  return form;
}
