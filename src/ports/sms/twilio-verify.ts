import { type SmsProvider, SmsRefused, SmsUnavailable } from "./sms.js";
import { openTwilio, type TwilioAccess } from "./twilio-client.js";

export interface TwilioVerifySettings extends TwilioAccess {
  /** The service at Twilio that says how codes look and what their SMS say. */
  readonly serviceSid: string;
  /** How long one SMS may take altogether. */
  readonly timeoutMs?: number;
  /** How long the check of a code may take, for which somebody waits. */
  readonly checkTimeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const CHECK_TIMEOUT_MS = 5_000;

/** Twilio's answers to the check of a code that is not known any more. */
const NOT_FOUND = "20404";

/** Has Twilio Verify text a code of its own, and asks it whether somebody has got it. */
export async function createTwilioVerify(settings: TwilioVerifySettings): Promise<SmsProvider> {
  const { serviceSid, timeoutMs = TIMEOUT_MS, checkTimeoutMs = CHECK_TIMEOUT_MS } = settings;
  const sending = await openTwilio(settings, timeoutMs);
  const checking = await openTwilio(settings, checkTimeoutMs);

  return {
    name: "twilio_verify",

    async send({ to }) {
      const { sid } = await sending.ask(({ verify }) =>
        verify.v2.services(serviceSid).verifications.create({ to, channel: "sms" }),
      );
      // A page of a proxy is no receipt.
      if (typeof sid !== "string" || sid === "") throw new SmsUnavailable("unreadable");
    },

    async check(to, code) {
      // Verify has codes of four to ten digits, and takes other texts for a broken request.
      if (!/^\d{4,10}$/.test(code)) return false;
      try {
        const { status } = await checking.ask(({ verify }) =>
          verify.v2.services(serviceSid).verificationChecks.create({ to, code }),
        );
        if (typeof status !== "string" || status === "") throw new SmsUnavailable("unreadable");
        return status === "approved";
      } catch (fault) {
        if (fault instanceof SmsRefused) return false;
        if (fault instanceof SmsUnavailable && fault.code === NOT_FOUND) return false;
        throw fault;
      }
    },

    async close() {
      await Promise.all([sending.close(), checking.close()]);
    },
  };
}
