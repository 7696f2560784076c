import { QueryTypes } from "sequelize";
import { type Database, openDatabase } from "../../src/database/database.js";
import {
  type Courier,
  createOutbox,
  type Delivery,
  type Outbox,
  type Parcel,
} from "../../src/features/outbox/outbox.js";
import { createOutboxStore } from "../../src/features/outbox/store.js";
import type { WorkerSettings } from "../../src/features/outbox/worker.js";
import { createVault } from "../../src/platform/secrets.js";
import { openMigrated, type TestDatabase } from "./databases.js";
import { type LoggedLine, loggerInto } from "./logged-lines.js";

/** A row of the outbox as the database has it. */
export interface Row {
  readonly state: string;
  readonly attempts: number;
  readonly leased_until: Date | null;
}

/** Outboxes on a database of their own, as several processes have them, with a clock that is moved by hand. */
export async function startOutboxes(kind: TestDatabase) {
  const { database, url, close } = await openMigrated(kind);
  const closing: (() => unknown)[] = [close];
  const accounts = await accountsIn(database);
  const time = movableTime();
  const logged: LoggedLine[] = [];
  return {
    database,
    /** Ids of three accounts. */
    accounts,
    time,
    logged,
    rows: (): Promise<Row[]> =>
      database.sequelize.query<Row>("SELECT * FROM outbox ORDER BY id", { type: QueryTypes.SELECT }),
    /** The same database as another process sees it. */
    async another(): Promise<Database> {
      const second = await openDatabase({ url, poolSize: 10, queryTimeoutMs: 10_000 });
      closing.push(() => second.close());
      return second;
    },
    /** One that has begun to work; without a courier it only takes in. */
    outbox(courier: Courier | undefined, settings: Partial<WorkerSettings> = {}, on = database): Outbox {
      const outbox = createOutbox({
        database: on,
        store: createOutboxStore(on),
        vault: createVault([{ id: "test", key: Buffer.alloc(32, 7) }]),
        clock: time.clock,
        logger: loggerInto(logged),
        settings: { pollSeconds: 0.05, leaseSeconds: 120, stopSeconds: 1, ...settings },
      });
      if (courier) outbox.deliverBy(courier);
      outbox.start();
      closing.push(outbox.stop);
      return outbox;
    },
    post: (outbox: Outbox, parcel: Partial<Parcel>, meanwhile: () => Promise<void> = async () => {}) =>
      database.transaction(async (tx) => {
        await outbox.post(tx, {
          channel: "test",
          topic: "greeting",
          accountId: accounts[0],
          payload: { word: "s3cret" },
          ...parcel,
        });
        await meanwhile();
      }),
    async close() {
      for (const each of closing.splice(0).reverse()) await each();
    },
  };
}

export type Receiver = ReturnType<typeof aReceiver>;

/** The other side of the channel `test`: takes parcels, or not, as told. */
export function aReceiver({ takesMs = 0, lanes = 4, ...rest }: Partial<Courier> & { takesMs?: number } = {}) {
  const tried: Delivery[] = [];
  const taken: Delivery[] = [];
  const hanging = new Map<string, Promise<Error | undefined>>();
  const refusals = new Map<string, Error>();
  let down: Error | undefined;
  let watch: (word: string) => void = () => {};
  return {
    channel: "test",
    lanes,
    ...rest,
    async deliver(delivery: Delivery): Promise<void> {
      tried.push(delivery);
      const word = String(delivery.payload.word);
      if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
      const fault = (await hanging.get(word)) ?? refusals.get(word) ?? down;
      if (fault) throw fault;
      taken.push(delivery);
      watch(word);
    },
    tried,
    taken,
    words: (): string[] => taken.map(({ payload }) => String(payload.word)),
    onTaken(watcher: (word: string) => void) {
      watch = watcher;
    },
    isDown(fault: Error | undefined) {
      down = fault;
    },
    /** What has this word in it is refused from now on, or no more. */
    refuse(word: string, fault: Error | undefined) {
      if (fault) refusals.set(word, fault);
      else refusals.delete(word);
    },
    /** What has this word in it hangs until the answer is called, with or without a fault. */
    hangOn(word: string): (fault?: Error) => void {
      let release: (fault?: Error) => void = () => {};
      hanging.set(word, new Promise((resolve) => (release = resolve)));
      return (fault) => {
        hanging.delete(word);
        release(fault);
      };
    },
  };
}

function movableTime() {
  let now = Date.parse("2026-11-22T12:00:00Z");
  return {
    clock: () => new Date(now),
    advance(seconds: number) {
      now += seconds * 1000;
    },
  };
}

export async function accountsIn({ sequelize }: Database): Promise<[number, number, number]> {
  const now = new Date("2026-11-22T12:00:00Z");
  const names = ["dana", "eve", "finn"];
  await sequelize.getQueryInterface().bulkInsert(
    "users",
    names.map((name, at) => ({
      uid: `ID000000000${at}`,
      email: `${name}@example.com`,
      password_digest: "-",
      created_at: now,
      updated_at: now,
    })),
  );
  const rows = await sequelize.query<{ id: number }>("SELECT id FROM users ORDER BY id", {
    type: QueryTypes.SELECT,
  });
  const [one, two, three] = rows.map(({ id }) => Number(id));
  if (one === undefined || two === undefined || three === undefined) throw new Error("accounts are missing");
  return [one, two, three];
}
