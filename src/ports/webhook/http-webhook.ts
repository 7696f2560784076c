import type { Clock } from "../../platform/clock.js";
import { faultCode } from "../../platform/fault-code.js";
import { signedHeaders } from "../../platform/signed-webhook.js";
import { ChannelDown, DeliveryRefused } from "../delivery.js";
import type { Webhook } from "./webhook.js";

export interface HttpWebhookSettings {
  readonly url: string;
  /** `whsec_…`; the receiver has one of them. */
  readonly secrets: readonly string[];
  /** How long one request may take altogether; 15 s unless given. */
  readonly timeoutMs?: number;
}

/** More than the 10 s after which `fetch` says that nobody takes the connection, which is nobody's fault that waits. */
const TIMEOUT_MS = 15_000;

/** The receiver wants to hear no more. */
const GONE = 410;

/** There was no connection, or none to be trusted, on which a request could have been sent. */
const NOBODY_THERE = [
  /^(?:ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/,
  /^(?:EAI|CERT|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)_/,
];

/** Posts as Standard Webhooks has it. */
export function createHttpWebhook(settings: HttpWebhookSettings, clock: Clock): Webhook {
  const { url, secrets, timeoutMs = TIMEOUT_MS } = settings;

  async function answerTo(headers: Record<string, string>, body: string): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      // A redirect would hand one-time tokens to whoever is named there.
      const answer = await fetch(url, { method: "POST", redirect: "manual", signal, headers, body });
      // What else it says is not read, however long it is.
      await answer.body?.cancel();
      return answer;
    } catch (fault) {
      throw failureOf(fault);
    }
  }

  return {
    async post({ id, body }) {
      const { ok, status, headers } = await answerTo(
        {
          "content-type": "application/json",
          "user-agent": "barong",
          ...signedHeaders({ id, timestamp: clock(), body, secrets }),
        },
        body,
      );
      if (ok) return;
      const retrySeconds = secondsUntil(headers.get("retry-after"), clock());
      throw new DeliveryRefused(`HTTP ${status}`, { permanent: status === GONE, retrySeconds });
    },
  };
}

/** What a header `Retry-After` asks for, in seconds or as a date; undefined when it asks for nothing. */
function secondsUntil(retryAfter: string | null, now: Date): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const seconds = (Date.parse(retryAfter) - now.getTime()) / 1000;
  return seconds > 0 ? seconds : undefined;
}

/** Of a connection that breaks after the request, the receiver may have made this one the cause: others must not wait for it. */
function failureOf(fault: unknown): Error {
  if (fault instanceof Error && fault.name === "TimeoutError")
    return new DeliveryRefused("timeout", { permanent: false });
  const code = faultCode(fault) ?? "no answer";
  if (NOBODY_THERE.some((pattern) => pattern.test(code))) return new ChannelDown(code);
  return new DeliveryRefused(code, { permanent: false });
}
