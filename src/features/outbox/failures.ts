import { shortReason } from "../../database/errors.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import { jitter } from "../../platform/random.js";
import { ChannelDown, DeliveryRefused, DestinationDown } from "../../ports/delivery.js";
import type { OutboxItem, Queue } from "./queue.js";
import { afterFailure, askedSeconds, isDestinationDown, isPermanent, waitSeconds } from "./rules.js";
import { createSeldom } from "./seldom.js";

export interface FailuresNeeds {
  readonly queue: Pick<Queue, "finish" | "postpone" | "release">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** As long as the column. */
const LONGEST_REASON = 255;

/** Notes what becomes of items that were not taken, while somebody is there at the other end. */
export function createFailures({ queue, clock, logger }: FailuresNeeds) {
  const isNews = createSeldom(clock);

  /** Answers whether the next of the account may follow. */
  async function giveUp(item: OutboxItem, reason: string): Promise<boolean> {
    if (!(await queue.finish(item, "dead", reason, clock()))) return false;
    logger.error({ ...factsOf(item), reason }, "gave up a delivery");
    return true;
  }

  /** Only what waits for the same account waits with it, and no attempt is used up. */
  async function putOff(item: OutboxItem, fault: DestinationDown): Promise<void> {
    const now = clock();
    const waited = (now.getTime() - item.createdAt.getTime()) / 1000;
    const seconds = waitSeconds(fault, waited, jitter());
    const { channel, topic } = item;
    const reason = reasonOf(fault);
    const facts = { channel, topic, reason, retryInSeconds: Math.round(seconds) };
    // It concerns all that goes there.
    if (isNews(reason)) logger.warn(facts, "a destination takes no deliveries");
    await queue.release([item], secondsAfter(now, seconds), reason);
  }

  return {
    giveUp,

    /** Answers whether the next of the account may follow. */
    async note(item: OutboxItem, fault: unknown): Promise<boolean> {
      if (isDestinationDown(fault)) {
        await putOff(item, fault);
        return false;
      }
      const reason = reasonOf(fault);
      const next = afterFailure(item.attempts, isPermanent(fault), jitter(), askedSeconds(fault));
      if (next.kind === "give up") return giveUp(item, reason);
      await queue.postpone(item, secondsAfter(clock(), next.delaySeconds), reason);
      const retryInSeconds = Math.round(next.delaySeconds);
      logger.warn({ ...factsOf(item), reason, retryInSeconds }, "a delivery failed");
      return false;
    },
  };
}

export type Failures = ReturnType<typeof createFailures>;

const factsOf = ({ id, messageId, channel, topic, userId, attempts }: OutboxItem) => ({
  ...{ item: id, messageId, channel, topic, accountId: userId, attempts },
});

const TOLD = [DeliveryRefused, DestinationDown, ChannelDown];

/** Messages of other errors may quote what was to be sent. */
const reasonOf = (fault: unknown): string =>
  (fault instanceof Error && TOLD.some((kind) => fault instanceof kind)
    ? fault.message
    : shortReason(fault)
  ).slice(0, LONGEST_REASON);
