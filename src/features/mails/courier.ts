import { ChannelDown, DeliveryRefused } from "../../ports/delivery.js";
import {
  LONGEST_SENDING_SECONDS,
  type Mailer,
  type MailMessage,
  MailRefused,
} from "../../ports/mail/mail.js";
import type { Courier, Delivery } from "../outbox/outbox.js";
import type { MailTexts } from "./mail-texts.js";
import { CHANNEL } from "./mails.js";
import { FACTS, type MailFields, type MailTopic } from "./topics.js";
import { languages } from "./words/languages.js";

/** Nobody needs more mails of ours, whoever has them sent. */
const PER_RECIPIENT = { most: 20, seconds: 3600 };

/** So few connections are no reason to search a backlog for every mail. */
const LEAST_BATCH = 10;

export interface MailCourierNeeds {
  readonly mailer: Mailer;
  readonly texts: MailTexts;
  /** Mails sent at the same time. */
  readonly lanes: number;
}

/** Writes the mails that wait in the outbox, and sends them. A mail that is sent again has the same id. */
export const createMailCourier = ({ mailer, texts, lanes }: MailCourierNeeds): Courier => ({
  channel: CHANNEL,
  lanes,
  batch: Math.max(LEAST_BATCH, lanes),
  perRecipient: PER_RECIPIENT,
  patienceSeconds: LONGEST_SENDING_SECONDS,
  async deliver(delivery) {
    const message = messageOf(delivery, texts);
    try {
      await mailer.send(message);
    } catch (fault) {
      if (!(fault instanceof MailRefused)) throw fault;
      const { message: reason, permanent, unreachable } = fault;
      if (unreachable) throw new ChannelDown(reason, { cause: fault });
      throw new DeliveryRefused(reason, { permanent, cause: fault });
    }
  },
});

function messageOf({ messageId, topic, payload }: Delivery, texts: MailTexts): MailMessage {
  // Another try may meet the newer version that has queued it.
  if (!isTopic(topic))
    throw new DeliveryRefused(`a mail about ${topic} is unknown to this version`, { permanent: false });
  const value = (name: string): string | undefined => {
    const found = payload[name];
    return typeof found === "string" ? found : undefined;
  };
  const token = value("token");
  const facts = FACTS.map((fact) => [fact, value(fact)] as const).filter(([, told]) => told !== undefined);
  const fields: MailFields = { ...Object.fromEntries(facts), ...(token !== undefined && { token }) };
  return {
    id: messageId,
    to: value("to") ?? "",
    topic,
    ...texts(topic, value("language") ?? "en", fields),
    ...(token !== undefined && { token }),
  };
}

const isTopic = (topic: string): topic is MailTopic =>
  [...languages.values()].some(
    ({ links, notices }) => Object.hasOwn(links, topic) || Object.hasOwn(notices, topic),
  );
