import { Agent } from "node:https";
import { callSignal } from "../../platform/deadline.js";
import { SmsRefused, type SmsSender, SmsUnavailable } from "./sms.js";

export interface TwilioSettings {
  readonly accountSid: string;
  readonly authToken: string;
  /** The sender: a number of the account, or a name that it may use. */
  readonly from: string;
  /** Where Twilio is, or a proxy that stands for it. */
  readonly url: string;
  /** How long one SMS may take altogether. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;

/** Sends by Twilio's API for messages. */
export async function createTwilioSms(settings: TwilioSettings): Promise<SmsSender> {
  const { accountSid, authToken, from, url, timeoutMs = TIMEOUT_MS } = settings;
  // It takes 0.3 s and 25 MB, which servers without Twilio need not spend.
  const { default: twilio } = await import("twilio");
  const httpClient = new twilio.RequestClient({ timeout: timeoutMs });
  httpClient.axios.interceptors.request.use((request) =>
    Object.assign(request, {
      url: addressAt(url, request.url),
      signal: deadline(timeoutMs),
      maxContentLength: MOST_BYTES,
    }),
  );
  const client = twilio(accountSid, authToken, { httpClient });

  return {
    async send({ to, text }) {
      const sid = await messageSid(() => client.messages.create({ to, from, body: text }));
      // A page of a proxy is no receipt.
      if (sid === undefined) throw new SmsUnavailable("unreadable");
    },

    async close() {
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

/** Of the client's own timeout, every byte that trickles in starts a new one. */
function deadline(milliseconds: number): AbortSignal {
  const timeout = AbortSignal.timeout(milliseconds);
  const call = callSignal();
  return call ? AbortSignal.any([timeout, call]) : timeout;
}

async function messageSid(send: () => Promise<{ readonly sid?: unknown }>): Promise<string | undefined> {
  try {
    const { sid } = await send();
    return typeof sid === "string" && sid !== "" ? sid : undefined;
  } catch (fault) {
    throw refusalOf(fault);
  }
}

/**
 * Twilio's codes that are about the person's number: invalid, not reachable from ours or from this account, a country that
 * is switched off, somebody who wants no SMS, a number without SMS. All others are about us, and for the operator to mend.
 */
const ABOUT_THE_NUMBER = new Set([21211, 21214, 21217, 21408, 21608, 21610, 21612, 21614, 21635]);

/** The fault itself is dropped, for it holds number, text and password. */
function refusalOf(fault: unknown): SmsRefused | SmsUnavailable {
  const fact = (name: string): unknown => (fault instanceof Error ? Reflect.get(fault, name) : undefined);
  const [code, status] = [fact("code"), fact("status")];
  if (typeof code === "number") {
    return ABOUT_THE_NUMBER.has(code) ? new SmsRefused(`${code}`) : new SmsUnavailable(`${code}`);
  }
  // ECONNRESET and its like; an answer's words could be anything.
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return new SmsUnavailable(code);
  return new SmsUnavailable(typeof status === "number" ? `HTTP ${status}` : "unreadable");
}
