import type { Clock } from "../../platform/clock.js";
import { faultCode } from "../../platform/fault-code.js";
import { signedHeaders } from "../../platform/signed-webhook.js";
import { LONGEST_SENDING_SECONDS, type SmsProvider, SmsRefused, SmsUnavailable } from "./sms.js";

export interface HttpSmsSettings {
  /** Where SMS are posted to. */
  readonly url: string;
  /** `whsec_…`; the receiver has the same. */
  readonly secret: string;
  /** How long one SMS may take altogether. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = LONGEST_SENDING_SECONDS * 1000;

/** A refusal that another SMS would get as well, or this one not a moment later. */
const NOT_ABOUT_THE_NUMBER = [401, 403, 404, 405, 407, 408, 425, 429];

/** Posts SMS as JSON to a service of the operator's, signed as Standard Webhooks are. */
export function createHttpSms(settings: HttpSmsSettings, clock: Clock): SmsProvider {
  const { url, secret, timeoutMs = TIMEOUT_MS } = settings;

  return {
    name: "http",

    async send({ id, to, text }) {
      const body = JSON.stringify({ id, to, text });
      const headers = {
        "content-type": "application/json",
        ...signedHeaders({ id, timestamp: clock(), body, secrets: [secret] }),
      };
      const status = await post(url, { headers, body }, timeoutMs);
      if (status >= 200 && status < 300) return;
      const isRefusal = status >= 400 && status < 500 && !NOT_ABOUT_THE_NUMBER.includes(status);
      throw isRefusal ? new SmsRefused(`HTTP ${status}`) : new SmsUnavailable(`HTTP ${status}`);
    },

    async close() {},
  };
}

/** The status of the answer; what else it says is not read. */
async function post(
  url: string,
  request: { readonly headers: Record<string, string>; readonly body: string },
  timeoutMs: number,
): Promise<number> {
  try {
    // A redirect would hand the code to whoever is named there.
    const answer = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...request,
    });
    await answer.body?.cancel();
    return answer.status;
  } catch (fault) {
    throw new SmsUnavailable(wordFor(fault));
  }
}

/** The fault itself is dropped, for its words could hold anything. */
function wordFor(fault: unknown): string {
  if (fault instanceof Error && fault.name === "TimeoutError") return "timeout";
  return faultCode(fault) ?? "unreadable";
}
