import type { IncomingMessage } from "node:http";
import type { JsonValue } from "@bufbuild/protobuf";
import type { Fault, startVendorTwin } from "../vendor-twin.js";

/** A captcha vendor in this process, which solves its own puzzles. */
export interface CaptchaTwin extends Awaited<ReturnType<typeof startVendorTwin>> {
  /** What makes a server of ours use this twin. */
  readonly environment: Readonly<Record<string, string>>;
  /** The forms that it judged, in their order. */
  readonly received: readonly Readonly<Record<string, string>>[];
  /** What the widget hands to the page after a solved puzzle; good for one look. */
  solve(action?: string): JsonValue;
  /** Of the right form, but from nobody who solved anything. */
  forge(): JsonValue;
}

/** What is wrong with a request that must be a POST to `target` with a form of these fields and no others. */
export function faultOfForm(
  { method, url, headers }: IncomingMessage,
  body: string,
  { target, fields }: { readonly target: string; readonly fields: readonly string[] },
): Fault | undefined {
  const no = (status: number, message: string): Fault => ({ status, message, body: message });
  if (method !== "POST" || url !== target) return no(404, `no ${method} ${url}`);
  if (!/^application\/x-www-form-urlencoded(?:;charset=utf-8)?$/i.test(headers["content-type"] ?? ""))
    return no(415, `a body of ${headers["content-type"]}`);
  const given = [...new URLSearchParams(body).keys()].sort().join();
  if (given !== [...fields].sort().join()) return no(400, `a form of ${given}`);
  return undefined;
}

export const formIn = (body: string): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(body));
