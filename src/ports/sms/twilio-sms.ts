import { LONGEST_SENDING_SECONDS, type SmsProvider, SmsUnavailable } from "./sms.js";
import { openTwilio, type TwilioAccess } from "./twilio-client.js";

export interface TwilioSettings extends TwilioAccess {
  /** The sender: a number of the account, or a name that it may use. */
  readonly from: string;
  /** How long one SMS may take altogether. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = LONGEST_SENDING_SECONDS * 1000;

/** Sends by Twilio's API for messages. */
export async function createTwilioSms(settings: TwilioSettings): Promise<SmsProvider> {
  const { from, timeoutMs = TIMEOUT_MS } = settings;
  const twilio = await openTwilio(settings, timeoutMs);

  return {
    name: "twilio",

    async send({ to, text }) {
      const receipt = await twilio.ask(({ messages }) => messages.create({ to, from, body: text }));
      // A page of a proxy is no receipt.
      if (typeof receipt.sid !== "string" || receipt.sid === "") throw new SmsUnavailable("unreadable");
    },

    close: twilio.close,
  };
}
