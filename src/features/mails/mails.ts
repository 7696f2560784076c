import type { Tx } from "../../database/database.js";
import type { Origin } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import type { Outbox } from "../outbox/outbox.js";
import type { LinkTopic, MailFields, MailTopic, NoticeTopic } from "./topics.js";
import { deviceName, shortenedKid, shownKids, shownTime } from "./values.js";

export const CHANNEL = "mail";

export interface MailsNeeds {
  readonly outbox: Pick<Outbox, "post">;
  readonly clock: Clock;
  /** Whether links with tokens are mailed; otherwise a listener of events does so. */
  readonly links: boolean;
  /** Whether owners are told what happens to their accounts. */
  readonly notices: boolean;
}

/** Whom a mail is for: an account. */
export interface Addressee {
  readonly id: number;
  readonly email: string;
  /** A language tag such as `pt-BR`; what we do not speak falls back to English. */
  readonly language: string | null;
}

export interface LinkMail {
  readonly topic: LinkTopic;
  readonly token: string;
  /** When the token is of no use any more, and a mail with it neither. */
  readonly expiresAt: Date;
}

/** What an owner is told besides the time. */
export interface NoticeDetails {
  /** Where the request for it came from. */
  readonly origin?: Origin;
  /** The key it is about. */
  readonly kid?: string;
  /** The keys it is about, where they may be several. */
  readonly kids?: readonly string[];
}

/** Mails to the owners of accounts: sent if and when `tx` commits, and holding up nobody who waits for the commit. */
export function createMails({ outbox, clock, links, notices }: MailsNeeds) {
  const post = (tx: Tx, topic: MailTopic, to: Addressee, fields: MailFields, token?: { expiresAt: Date }) =>
    outbox.post(tx, {
      channel: CHANNEL,
      topic,
      accountId: to.id,
      // Anybody can have links sent, which must not use up what an owner may be told.
      recipient: token ? to.email : `notices:${to.email}`,
      payload: { to: to.email, language: to.language ?? "en", ...fields },
      ...(token && { expiresAt: token.expiresAt, supersedes: true }),
    });

  return {
    /** A mail with a link, unless others send it. One of the same topic that waits is of no use any more. */
    async sendLink(tx: Tx, to: Addressee, { topic, token, expiresAt }: LinkMail): Promise<void> {
      if (links) await post(tx, topic, to, { token }, { expiresAt });
    },

    /** Tells an owner what has happened to the account, unless notices are switched off. */
    async notify(
      tx: Tx,
      to: Addressee,
      topic: NoticeTopic,
      { origin, kid, kids }: NoticeDetails = {},
    ): Promise<void> {
      if (!notices) return;
      await post(tx, topic, to, {
        time: shownTime(clock()),
        ...(origin && { address: origin.ip, device: deviceName(origin.userAgent) }),
        ...(kid !== undefined && { key: shortenedKid(kid) }),
        ...(kids !== undefined && { keys: shownKids(kids) }),
      });
    },
  };
}

export type Mails = ReturnType<typeof createMails>;
