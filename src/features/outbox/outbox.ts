import type { Tx } from "../../database/database.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import { uuid } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import type { Mailer } from "../../ports/mail/mail.js";
import type { MailTexts } from "./mail-texts.js";
import { type MailTopic, wordsIn } from "./mail-words.js";
import type { OutboxItem, OutboxStore } from "./store.js";
import { OutboxWorker, type WorkerSettings } from "./worker.js";

export interface OutboxNeeds {
  readonly store: OutboxStore;
  /** Seals what waits, for it contains one-time tokens and addresses. */
  readonly vault: Vault;
  readonly mailer: Mailer;
  readonly texts: MailTexts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings?: Partial<WorkerSettings>;
}

export interface MailOrder {
  readonly topic: MailTopic;
  readonly accountId: number;
  readonly to: string;
  /** A language tag such as `pt-BR`; what we do not speak falls back to English. */
  readonly language: string;
  readonly fields: { readonly token: string };
}

const DEFAULTS: WorkerSettings = { pollSeconds: 5, leaseSeconds: 120, lanes: 4, stopSeconds: 5 };

/** Everything that leaves the house waits here: written with the change that causes it, delivered after its commit. */
export function createOutbox(needs: OutboxNeeds) {
  const { store, vault, mailer, texts, clock, logger, settings } = needs;

  async function deliverMail(item: OutboxItem): Promise<void> {
    const { id, to, language, token }: MailPayload = JSON.parse(
      vault.open(item.payload, contextOf(item)).toString("utf8"),
    );
    const topic = topicOf(item);
    await mailer.send({ id, to, topic, token, ...texts(topic, language, token) });
  }

  const worker = new OutboxWorker({
    store,
    couriers: { mail: deliverMail },
    clock,
    logger,
    settings: { ...DEFAULTS, ...settings },
  });

  return {
    /** Queues a mail; it is sent if and when `tx` commits, and does not hold up whoever waits for the commit. */
    async enqueueMail(tx: Tx, { topic, accountId, to, language, fields }: MailOrder): Promise<void> {
      const place = { kind: "mail", topic, userId: accountId };
      // The language is the client's word and may be of any length.
      const payload: MailPayload = { id: uuid(), to, language: language.slice(0, 35), token: fields.token };
      const sealed = vault.seal(JSON.stringify(payload), contextOf(place));
      await store.insert({ ...place, payload: sealed }, clock(), tx);
      tx.afterCommit(() => worker.kick());
    },

    /** Begins to deliver, also what other processes or an earlier run left behind. */
    start: () => worker.start(),

    /** Looks for work now instead of at the next poll. */
    kick: () => worker.kick(),

    /** Resolves when all that was queued so far has been tried. */
    settled: () => worker.settled(),

    /** Ends deliveries; waits for those in flight, for a few seconds at most. */
    stop: () => worker.stop(),

    /** Deletes at most `most` items that were given up and are older than `moment`; answers how many. */
    deleteGivenUp: (moment: Date, most: number): Promise<number> => store.deleteDead(moment, most),
  };
}

export type Outbox = ReturnType<typeof createOutbox>;

interface MailPayload {
  /** Names the mail outside. A row id would come again after a restore or in another installation. */
  readonly id: string;
  readonly to: string;
  readonly language: string;
  readonly token: string;
}

type Place = Pick<OutboxItem, "kind" | "topic" | "userId">;

/** Sealed for this account and topic, a payload cannot be moved to another row. */
const contextOf = ({ kind, topic, userId }: Place): string => `outbox:${kind}:${topic}:${userId ?? "none"}`;

function topicOf({ topic }: OutboxItem): MailTopic {
  const known = wordsIn.get("en") ?? {};
  if (!isTopic(topic, known)) throw new Error(`a mail about ${topic} is unknown to this version`);
  return topic;
}

const isTopic = (topic: string, known: object): topic is MailTopic => Object.hasOwn(known, topic);
