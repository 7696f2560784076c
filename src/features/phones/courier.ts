import type { Database } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { ChannelDown, DeliveryDropped, DeliveryRefused } from "../../ports/delivery.js";
import { SmsRefused, type SmsSender, SmsUnavailable } from "../../ports/sms/sms.js";
import type { Courier, Delivery } from "../outbox/outbox.js";
import { CONTEST_SECONDS } from "./rules.js";
import type { PhoneStore } from "./store.js";

export const SMS_CHANNEL = "sms";

/** SMS sent at the same time; vendors take more, but ask for money for it. */
const LANES = 10;

/** For the notes that are made between vendors. */
const NOTES_SECONDS = 10;

export interface SmsCourierNeeds {
  readonly database: Database;
  readonly store: PhoneStore;
  readonly sms: SmsSender;
  readonly clock: Clock;
}

/** A code on its way, as it waits in the outbox. */
export type SmsParcel = {
  readonly number: string;
  readonly text: string;
  readonly code: string;
  /** How the row of the number knows the code. */
  readonly codeHash: string;
};

/** Texts the codes that wait in the outbox. */
export const createSmsCourier = ({ database, store, sms, clock }: SmsCourierNeeds): Courier => ({
  channel: SMS_CHANNEL,
  lanes: LANES,
  // One vendor after the other.
  patienceSeconds: sms.longestSeconds + NOTES_SECONDS,
  async deliver(delivery) {
    const { number, text, code, codeHash } = parcelIn(delivery);
    const phone = await store.find(delivery.accountId ?? 0, number);
    // Replaced, used, or deleted meanwhile: an SMS would only mislead.
    if (phone?.codeHash !== codeHash) throw new DeliveryDropped("superseded");

    let checkedBy = phone.codeCheckedBy;
    // Before the SMS, for its owner may be quicker than we are.
    const onWay = async (codeOf: string | null) => {
      if (codeOf === checkedBy) return;
      await database.transaction((tx) => store.setCheckedBy(phone, codeOf, tx));
      checkedBy = codeOf;
    };
    const isContested = await store.isContested(phone, secondsAfter(clock(), -CONTEST_SECONDS));
    try {
      await sms.send({ id: delivery.messageId, to: `+${number}`, text, code, isContested }, onWay);
    } catch (fault) {
      throw fateOf(fault);
    }
  },
});

function parcelIn({ payload, topic }: Delivery): SmsParcel {
  const { number, text, code, codeHash } = payload;
  if (
    typeof number !== "string" ||
    typeof text !== "string" ||
    typeof code !== "string" ||
    typeof codeHash !== "string"
  ) {
    throw new DeliveryRefused(`an SMS about ${topic} is unknown to this version`, { permanent: false });
  }
  return { number, text, code, codeHash };
}

function fateOf(fault: unknown): unknown {
  if (fault instanceof SmsRefused) {
    return new DeliveryRefused(`nobody delivers SMS to this number (${fault.code})`, {
      permanent: true,
      cause: fault,
    });
  }
  if (!(fault instanceof SmsUnavailable)) return fault;
  const reason = `nobody took the SMS (${fault.code})`;
  return fault.isDown
    ? new ChannelDown(reason, { cause: fault })
    : new DeliveryRefused(reason, { permanent: false, cause: fault });
}
