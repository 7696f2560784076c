import {
  LONGEST_SENDING_SECONDS,
  SmsCheckBarred,
  type SmsProvider,
  SmsRefused,
  SmsUnavailable,
} from "./sms.js";
import { openTwilio, type TwilioAccess } from "./twilio-client.js";

export interface TwilioVerifySettings extends TwilioAccess {
  /** The service at Twilio that says how codes look and what their SMS say. */
  readonly serviceSid: string;
  /** How long one SMS may take altogether. */
  readonly timeoutMs?: number;
  /** How long the check of a code may take, for which somebody waits. */
  readonly checkTimeoutMs?: number;
}

const TIMEOUT_MS = LONGEST_SENDING_SECONDS * 1000;
const CHECK_TIMEOUT_MS = 5_000;

/** To a check, that there is no code for the number any more; else, that there is no such service. */
const NOT_FOUND = "20404";

/** Five codes for the number were wrong, whoever had them; it takes ten minutes from the first SMS until Twilio forgets that. */
const CHECKED_TOO_OFTEN = "60202";

/** Has Twilio Verify text a code of its own, and asks it whether somebody has got it. */
export async function createTwilioVerify(settings: TwilioVerifySettings): Promise<SmsProvider> {
  const { serviceSid, timeoutMs = TIMEOUT_MS, checkTimeoutMs = CHECK_TIMEOUT_MS } = settings;
  const sending = await openTwilio(settings, timeoutMs);
  // Whoever waits for a check waits for both together.
  const checking = await openTwilio(settings, checkTimeoutMs * 0.8);
  const looking = await openTwilio(settings, checkTimeoutMs * 0.2);

  /** Twilio says the same of a code that is over and of a service that does not exist, where every code would be wrong. */
  async function demandService(): Promise<void> {
    try {
      await looking.ask(({ verify }) => verify.v2.services(serviceSid).fetch());
    } catch (fault) {
      if (isNotFound(fault)) throw noService();
    }
  }

  return {
    name: "twilio_verify",

    async send({ to }) {
      const { sid } = await sending
        .ask(({ verify }) => verify.v2.services(serviceSid).verifications.create({ to, channel: "sms" }))
        .catch((fault: unknown) => {
          throw isNotFound(fault) ? noService() : fault;
        });
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
        if (fault instanceof SmsUnavailable && fault.code === CHECKED_TOO_OFTEN) throw new SmsCheckBarred();
        if (!isNotFound(fault)) throw fault;
        await demandService();
        return false;
      }
    },

    async close() {
      await Promise.all([sending.close(), checking.close(), looking.close()]);
    },
  };
}

const isNotFound = (fault: unknown): boolean => fault instanceof SmsUnavailable && fault.code === NOT_FOUND;

const noService = () =>
  new SmsUnavailable(`${NOT_FOUND}, TWILIO_VERIFY_SERVICE_SID is no service of the account`);
