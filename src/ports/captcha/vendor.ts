import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { callSignal } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;

/** The text of a vendor's 200 answer. Throws CAPTCHA_UNAVAILABLE for anything else, also when the call ends first. */
export async function askVendor(url: string, request: RequestInit, timeoutMs = TIMEOUT_MS): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const call = callSignal();
  const signal = call ? AbortSignal.any([timeout, call]) : timeout;
  try {
    // A redirect could lead the secret to another host.
    const answer = await fetch(url, { ...request, redirect: "error", signal });
    const text = await boundedText(answer);
    if (answer.status !== 200) throw new Error(`the captcha vendor answered ${answer.status}`);
    return text;
  } catch (cause) {
    throw vendorUnavailable(cause);
  }
}

export const vendorUnavailable = (cause: unknown) => new Failure(ErrorReason.CAPTCHA_UNAVAILABLE, { cause });

/** A POST whose body is a form. */
export const formOf = (fields: Record<string, string>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(fields),
});

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    // Leaving the loop cancels the body.
    if (size > MOST_BYTES) throw new Error("the captcha vendor's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
