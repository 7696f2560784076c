import type { Clock } from "../../platform/clock.js";
import { faultCode } from "../../platform/fault-code.js";
import { signedHeaders } from "../../platform/signed-webhook.js";
import { ChannelDown, DeliveryRefused } from "../delivery.js";
import type { Webhook } from "./webhook.js";

export interface HttpWebhookSettings {
  readonly url: string;
  /** `whsec_…`; the receiver has the same. */
  readonly secret: string;
  /** How long one request may take altogether; 10 s unless given. */
  readonly timeoutMs?: number;
}

/** The receiver wants to hear no more. */
const GONE = 410;

/** Posts as Standard Webhooks has it. */
export function createHttpWebhook(settings: HttpWebhookSettings, clock: Clock): Webhook {
  const { url, secret, timeoutMs = 10_000 } = settings;

  async function statusOf(headers: Record<string, string>, body: string): Promise<number> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      // A redirect would hand one-time tokens to whoever is named there.
      const answer = await fetch(url, { method: "POST", redirect: "manual", signal, headers, body });
      // What else it says is not read, however long it is.
      await answer.body?.cancel();
      return answer.status;
    } catch (fault) {
      if (fault instanceof Error && fault.name === "TimeoutError")
        throw new DeliveryRefused("timeout", { permanent: false });
      throw new ChannelDown(faultCode(fault) ?? "it cannot be reached");
    }
  }

  return {
    async post({ id, body }) {
      const status = await statusOf(
        {
          "content-type": "application/json",
          "user-agent": "barong",
          ...signedHeaders({ id, timestamp: clock(), body, secret }),
        },
        body,
      );
      if (status >= 200 && status < 300) return;
      throw new DeliveryRefused(`HTTP ${status}`, { permanent: status === GONE });
    },
  };
}
