import { beyondCall } from "./deadline.js";

export interface Gathering<Asked, Answer> {
  /** How much is answered together at most. */
  readonly mostTogether: number;
  /** Answers under way at most: what is asked for meanwhile is gathered for the next one. */
  readonly mostUnderway: number;
  /** Answers all that is asked, in the same order. It belongs to no call, and so needs limits of its own. */
  answer(asked: readonly Asked[]): Promise<readonly Answer[]>;
}

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  settle(answer: Answer): void;
  fail(fault: unknown): void;
}

/**
 * Asks for one thing, which is answered together with what others ask for at the same time. What `answer` rejects with is told to all
 * whom it was to answer, and to those who wait for their turn: they would meet the same, and be more and more.
 */
export function gathered<Asked, Answer>(gathering: Gathering<Asked, Answer>) {
  const { mostTogether, mostUnderway, answer } = gathering;
  const waiting: Waiting<Asked, Answer>[] = [];
  let underway = 0;
  let isScheduled = false;

  /** Not before the requests have been read that arrived together. */
  function schedule(): void {
    if (isScheduled || underway === mostUnderway) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      flush();
    });
  }

  function flush(): void {
    while (waiting.length > 0 && underway < mostUnderway) {
      const batch = waiting.splice(0, mostTogether);
      // Of many calls, none of which may end it for the others.
      void beyondCall(() => answerTo(batch));
    }
  }

  async function answerTo(batch: readonly Waiting<Asked, Answer>[]): Promise<void> {
    underway += 1;
    try {
      const answers = await answer(batch.map(({ asked }) => asked));
      for (let at = 0; at < batch.length; at += 1) batch[at]?.settle(answers[at] as Answer);
    } catch (fault) {
      // Who has only just asked is about to have a turn of his own.
      const others = isScheduled ? [] : waiting.splice(0);
      for (const { fail } of [...batch, ...others]) fail(fault);
    }
    underway -= 1;
    flush();
  }

  return (asked: Asked): Promise<Answer> =>
    new Promise((settle, fail) => {
      waiting.push({ asked, settle, fail });
      schedule();
    });
}

export interface GatheredReading<Value> extends Omit<Gathering<string, Value>, "answer"> {
  /** Values by their keys, of which no two are alike; what there is none of is left out. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Value>>;
}

/**
 * Reads the value of a key together with those of others; who asks for the same key at the same time shares one reading. Nobody shares
 * one that has begun: it may have seen what was true before he asked.
 */
export const gatheredReads = <Value>({ read, ...limits }: GatheredReading<Value>) =>
  gathered<string, Value | undefined>({
    ...limits,
    async answer(keys) {
      const values = await read([...new Set(keys)]);
      return keys.map((key) => values.get(key));
    },
  });
