import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";

const LOGGED_EVERY_MS = 60_000;

interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

/** Tells of messages for which nobody listens: once a minute for each routing key, and how many there were. */
export function createUnroutable({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
  const told = new Map<string, { at: number; since: number }>();

  return {
    note({ exchange, routingKey }: Address): void {
      const key = `${exchange} ${routingKey}`;
      const now = clock().getTime();
      const last = told.get(key) ?? { at: Number.NEGATIVE_INFINITY, since: 0 };
      const since = last.since + 1;
      if (now - last.at < LOGGED_EVERY_MS) {
        told.set(key, { ...last, since });
        return;
      }
      told.set(key, { at: now, since: 0 });
      logger.warn({ exchange, routingKey, messages: since }, "nobody listens at the broker for these events");
    },
  };
}
