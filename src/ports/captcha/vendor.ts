import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { callSignal, signalFor } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import { faultCode } from "../../platform/fault-code.js";

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;

/** Why a vendor could not tell. Its code is a word of ours or of the vendor's protocol, fit for logs. */
class VendorFault extends Error {
  constructor(readonly code: string) {
    super(`the captcha vendor cannot tell: ${code}`);
    this.name = "VendorFault";
  }
}

/** The vendor is out: he cannot be reached, is too slow, or answers 5xx or what nobody can read. No answer of a person brings this about. */
export class VendorDown extends Failure {
  constructor(readonly word: string) {
    super(ErrorReason.CAPTCHA_UNAVAILABLE, { cause: new VendorFault(word) });
  }
}

/** The vendor is there and tells nothing about the answer, as he does not know us or does not understand us. */
export const refusesUs = (word: string) =>
  new Failure(ErrorReason.CAPTCHA_UNAVAILABLE, { cause: new VendorFault(word) });

export interface VendorAnswer {
  /** Below 500. */
  readonly status: number;
  readonly text: string;
}

/** What a vendor answers. Throws VendorDown when he does not, and CAPTCHA_UNAVAILABLE when the call ends first. */
export async function askVendor(
  url: string,
  request: RequestInit,
  timeoutMs = TIMEOUT_MS,
): Promise<VendorAnswer> {
  try {
    // A redirect could lead the secret to another host.
    const answer = await fetch(url, { ...request, redirect: "manual", signal: signalFor(timeoutMs) });
    const text = await boundedText(answer);
    if (answer.status >= 500) throw new VendorDown(`HTTP_${answer.status}`);
    return { status: answer.status, text };
  } catch (fault) {
    // Whoever hangs up early must not be taken for an outage.
    if (callSignal()?.aborted) throw refusesUs("CALL_ENDED");
    throw fault instanceof VendorDown ? fault : new VendorDown(wordFor(fault));
  }
}

/** The text of a vendor's 200 answer. */
export async function askVendorForText(
  url: string,
  request: RequestInit,
  timeoutMs?: number,
): Promise<string> {
  const { status, text } = await askVendor(url, request, timeoutMs);
  if (status !== 200) throw refusesUs(`HTTP_${status}`);
  return text;
}

/** A POST whose body is a form. */
export const formOf = (fields: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(fields),
});

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    // Leaving the loop cancels the body.
    if (size > MOST_BYTES) throw new VendorDown("TOO_LONG");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The fault itself is dropped, for its words could hold anything. */
function wordFor(fault: unknown): string {
  if (fault instanceof Error && fault.name === "TimeoutError") return "TIMEOUT";
  return faultCode(fault) ?? "UNREACHABLE";
}
