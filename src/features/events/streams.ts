import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database } from "../../database/database.js";
import { monotonicMilliseconds } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Logger } from "../../platform/logger.js";
import { SecretUnreadable, type Vault } from "../../platform/secrets.js";
import { openedPayload } from "./events.js";
import { createPlacing } from "./placing.js";
import { cursorOf, nameMatcher, type Place, placeIn } from "./rules.js";
import type { EventRow, EventStore } from "./store.js";

export interface StreamsNeeds {
  readonly database: Database;
  readonly store: EventStore;
  readonly vault: Vault;
  readonly logger: Logger;
  readonly settings: StreamSettings;
}

export interface StreamSettings {
  /** Streams of this process at a time. */
  readonly most: number;
  /** After so long without an event a reader is told that the stream is alive; 15 s unless given. */
  readonly heartbeatMs?: number;
  /** So long a stream lasts, so that readers spread over the processes anew; ten minutes unless given. */
  readonly lifeMs?: number;
  /** How often a reader is asked again whether he may read; 1 s unless given. */
  readonly standingMs?: number;
  /** How often to look for what other processes have committed; 1 s unless given. */
  readonly pollMs?: number;
}

/** What a reader wants to hear. */
export interface Wanted {
  readonly cursor: string | undefined;
  readonly start: "now" | "oldest";
  /** Names, or beginnings of names with a `*`; all when empty. */
  readonly names: readonly string[];
}

/** Who listens. */
export interface Reader {
  /** Aborted when he has gone. */
  readonly signal: AbortSignal;
  /** Throws a Failure when he may not listen any more. */
  stands(): Promise<void>;
}

export interface StreamedEvent {
  readonly id: string;
  readonly name: string;
  readonly at: Date;
  /** Undefined when it cannot be opened any more, as its key is not in the ring: others behind it are told all the same. */
  readonly payload: JsonObject | undefined;
}

export interface Told {
  readonly cursor: string;
  readonly event?: StreamedEvent;
}

/** Rows read at once: no more than this waits in memory for a reader who is slow. */
const BATCH = 100;

/** Events in the order of their commits, for whoever reads them; nothing is done for them while nobody does. */
export function createEventStreams({ database, store, vault, logger, settings }: StreamsNeeds) {
  const { most, heartbeatMs = 15_000, lifeMs = 600_000, standingMs = 1000, pollMs = 1000 } = settings;
  const placing = createPlacing({ database, store, logger, pollMs });
  let open = 0;
  let isStopped = false;

  /** Throws Failure(EVENT_CURSOR_UNKNOWN), EVENT_CURSOR_EXPIRED. */
  function beginning({ cursor, start }: Wanted): Place {
    const { epoch, given, pruned } = placing.places;
    if (cursor === undefined) return { epoch, position: start === "now" ? given : pruned };
    const place = placeIn(cursor);
    if (!place) throw new Failure(ErrorReason.EVENT_CURSOR_UNKNOWN);
    // From beyond the end is what a database has forgotten that was restored from a backup.
    if (place.epoch !== epoch || place.position < pruned || place.position > given)
      throw new Failure(ErrorReason.EVENT_CURSOR_EXPIRED);
    return place;
  }

  /** Throws Failure(EVENT_CURSOR_EXPIRED) when what is behind a place may not be whole any more. */
  async function rowsBehind({ epoch, position }: Place): Promise<EventRow[]> {
    const rows = await store.behind(position, BATCH);
    // Looked at afterwards, for they may have been deleted just before.
    const places = await store.places();
    if (places.epoch !== epoch || places.pruned > position)
      throw new Failure(ErrorReason.EVENT_CURSOR_EXPIRED);
    return rows;
  }

  async function* tell(wanted: Wanted, { signal, stands }: Reader): AsyncGenerator<Told> {
    const isWanted = nameMatcher(wanted.names);
    const end = monotonicMilliseconds() + lifeMs;
    await placing.now();
    const { epoch, position: first } = beginning(wanted);
    let position = first;
    let toldAt = monotonicMilliseconds();
    yield { cursor: cursorOf({ epoch, position }) };
    let stoodAt = toldAt;
    const askAgain = async () => {
      if (monotonicMilliseconds() - stoodAt < standingMs) return;
      await stands();
      stoodAt = monotonicMilliseconds();
    };
    const isOver = () => isStopped || signal.aborted || monotonicMilliseconds() >= end;
    while (!isOver()) {
      await askAgain();
      // Everything up to here can be seen by what is read next.
      const { given, epoch: present } = placing.places;
      if (present !== epoch || given < position) throw new Failure(ErrorReason.EVENT_CURSOR_EXPIRED);
      const rows = given > position ? await rowsBehind({ epoch, position }) : [];
      for (const row of rows) {
        position = Number(row.position);
        if (!isWanted(row.name)) continue;
        await askAgain();
        yield { cursor: cursorOf({ epoch, position }), event: eventIn(row) };
        toldAt = monotonicMilliseconds();
        if (isOver()) return;
      }
      // Those of accounts that are gone have left nothing but their places.
      if (rows.length < BATCH) position = Math.max(position, given);
      if (monotonicMilliseconds() - toldAt >= heartbeatMs) {
        yield { cursor: cursorOf({ epoch, position }) };
        toldAt = monotonicMilliseconds();
      }
      if (rows.length < BATCH) {
        const until = Math.min(end, toldAt + heartbeatMs, stoodAt + standingMs);
        await placing.beyond(position, until - monotonicMilliseconds(), signal);
      }
    }
  }

  const eventIn = (row: EventRow): StreamedEvent => ({
    id: row.eventId,
    name: row.name,
    at: row.createdAt,
    payload: payloadOf(row),
  });

  function payloadOf(row: EventRow): JsonObject | undefined {
    try {
      return openedPayload(row, vault);
    } catch (fault) {
      if (!(fault instanceof SecretUnreadable)) throw fault;
      logger.warn({ event: row.eventId, reason: fault.message }, "an event is told without its payload");
      return undefined;
    }
  }

  return {
    /**
     * Tells events until the reader has gone, the end of the stream's life or of the server. Nothing is read before he asks for it. Throws
     * what `stands` throws, Failure(EVENT_CURSOR_UNKNOWN), EVENT_CURSOR_EXPIRED, EVENT_STREAMS_EXHAUSTED, and UNAVAILABLE when the server goes down.
     */
    async *read(wanted: Wanted, reader: Reader): AsyncGenerator<Told> {
      if (isStopped) throw new Failure(ErrorReason.UNAVAILABLE);
      if (open >= most) throw new Failure(ErrorReason.EVENT_STREAMS_EXHAUSTED, { retryAfterSeconds: 5 });
      open += 1;
      try {
        placing.start();
        yield* tell(wanted, reader);
      } finally {
        open -= 1;
        if (open === 0) placing.stop();
      }
    },

    /** Looks for what was just committed. */
    kick(): void {
      if (open > 0) void placing.now().catch(() => undefined);
    },

    /** Ends all streams. */
    stop(): void {
      isStopped = true;
      placing.wakeAll();
    },
  };
}

export type EventStreams = ReturnType<typeof createEventStreams>;
