import { DeliveryRefused } from "../../ports/delivery.js";

export interface Keeping {
  /** Keeps the item for a while longer, for others would deliver it as well. Never rejects. */
  keep(): Promise<void>;
  readonly everySeconds: number;
  /** After this long whoever delivers is given up. */
  readonly patienceSeconds: number;
}

/** Waits for a delivery, and keeps its item as long as it is on its way. Rejects as the delivery does, and when it takes too long. */
export async function whileKept(
  delivery: Promise<void>,
  { keep, everySeconds, patienceSeconds }: Keeping,
): Promise<void> {
  let keeping: Promise<void> | undefined;
  const keepOn = () => {
    keeping ??= keep().finally(() => {
      keeping = undefined;
    });
  };
  const renewal = setInterval(keepOn, everySeconds * 1000);
  let giveUp: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    const refuse = () => reject(new DeliveryRefused("it took too long", { permanent: false }));
    giveUp = setTimeout(refuse, patienceSeconds * 1000);
  });
  try {
    await Promise.race([delivery, tooLate]);
  } finally {
    clearInterval(renewal);
    clearTimeout(giveUp);
    // Else it would be leased again after it was put off.
    await keeping;
  }
}
