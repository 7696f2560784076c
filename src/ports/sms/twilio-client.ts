import { Agent } from "node:https";
import type { Twilio } from "twilio";
import { callSignal, signalFor } from "../../platform/deadline.js";
import { faultCode } from "../../platform/fault-code.js";
import { SmsRefused, SmsUnavailable } from "./sms.js";

export interface TwilioAccess {
  readonly accountSid: string;
  readonly authToken: string;
  /** Where Twilio is, or a proxy that stands for it. */
  readonly url: string;
}

const MOST_BYTES = 64 * 1024;

/** Twilio's own client, bounded in time and size and bound to one address. */
export async function openTwilio({ accountSid, authToken, url }: TwilioAccess, timeoutMs: number) {
  // It takes 0.3 s and 25 MB, which servers without Twilio need not spend.
  const { default: twilio } = await import("twilio");
  const httpClient = new twilio.RequestClient({ timeout: timeoutMs });
  httpClient.axios.interceptors.request.use((request) =>
    Object.assign(request, {
      url: addressAt(url, request.url),
      // Of the client's own timeout, every byte that trickles in starts a new one.
      signal: signalFor(timeoutMs),
      maxContentLength: MOST_BYTES,
    }),
  );
  const client = twilio(accountSid, authToken, { httpClient });

  return {
    /** What Twilio made of a request. Throws {@link SmsRefused} or {@link SmsUnavailable}. */
    async ask<T>(question: (client: Twilio) => Promise<T>): Promise<T> {
      try {
        return await question(client);
      } catch (fault) {
        throw refusalOf(fault);
      }
    },

    async close(): Promise<void> {
      const { httpsAgent } = httpClient.axios.defaults;
      if (httpsAgent instanceof Agent) httpsAgent.destroy();
    },
  };
}

/**
 * The address that Twilio's client made, at the place where we want it. The client's own setting for it would take names of
 * hosts apart, and send our password to whoever has the result.
 */
function addressAt(base: string, address = ""): string {
  return base.replace(/\/+$/, "") + address.replace(/^https?:\/\/[^/]+/, "");
}

/** Twilio's codes that are about the person's number and its use. */
const ABOUT_THE_NUMBER = new Set([
  // Messages: invalid, not reachable from ours or from this account, a country that is switched off, somebody who wants no SMS, a
  // number without SMS.
  ...[21211, 21214, 21217, 21408, 21608, 21610, 21612, 21614, 21635],
  // Verify: invalid, a landline, a range or a country that is blocked.
  ...[60200, 60205, 60238, 60410, 60605],
]);

/** Of these: countries that are switched off, owners who want no SMS, blocks against fraud. Another vendor would be a way around them. */
const FOR_EVERYBODY = new Set([21408, 21610, 60238, 60410, 60605]);

/** Too much for one number within some minutes, of which others need not suffer: wrong codes, SMS, requests. */
const OF_THIS_NUMBER_NOW = new Set([60202, 60203, 60207, 60212]);

/** The fault itself is dropped, for it holds number, text and password. */
function refusalOf(fault: unknown): SmsRefused | SmsUnavailable {
  // Somebody who hangs up says nothing about Twilio.
  if (callSignal()?.aborted) return new SmsUnavailable("the call has ended", { isDown: false });
  const fact = (name: string): unknown => (fault instanceof Error ? Reflect.get(fault, name) : undefined);
  const [code, status] = [fact("code"), fact("status")];
  if (typeof code === "number") {
    if (ABOUT_THE_NUMBER.has(code)) return new SmsRefused(`${code}`, { isFinal: FOR_EVERYBODY.has(code) });
    return new SmsUnavailable(`${code}`, { isDown: status !== 400 && !OF_THIS_NUMBER_NOW.has(code) });
  }
  return new SmsUnavailable(
    faultCode(fault) ?? (typeof status === "number" ? `HTTP ${status}` : "unreadable"),
  );
}
