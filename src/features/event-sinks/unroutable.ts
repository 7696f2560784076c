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

  function tell({ exchange, routingKey }: Address, messages: number): void {
    told.set(keyOf({ exchange, routingKey }), { at: clock().getTime(), since: 0 });
    logger.warn({ exchange, routingKey, messages }, "nobody listens at the broker for these events");
  }

  /** Of a burst after which nothing follows. */
  function tellRest(address: Address): void {
    const { since = 0 } = told.get(keyOf(address)) ?? {};
    if (since > 0) tell(address, since);
  }

  return {
    note(address: Address): void {
      const key = keyOf(address);
      const last = told.get(key) ?? { at: Number.NEGATIVE_INFINITY, since: 0 };
      const since = last.since + 1;
      const quietMs = last.at + LOGGED_EVERY_MS - clock().getTime();
      if (quietMs <= 0) {
        tell(address, since);
        return;
      }
      told.set(key, { ...last, since });
      if (since === 1) setTimeout(tellRest, quietMs, address).unref();
    },
  };
}

const keyOf = ({ exchange, routingKey }: Address): string => `${exchange} ${routingKey}`;
