import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import { type Circuit, createCircuit } from "./circuit.js";
import {
  LONGEST_SENDING_SECONDS,
  SmsCheckBarred,
  type SmsMessage,
  type SmsProvider,
  SmsRefused,
  type SmsSender,
  SmsUnavailable,
} from "./sms.js";

interface Lane {
  readonly provider: SmsProvider;
  readonly circuit: Circuit;
}

/** How a vendor did not take an SMS. */
type Fate = "refused" | "down" | "failed";

/** The vendors in their order: whoever does not take an SMS is followed by the next, but for what nobody shall take. */
export function createFailover(
  providers: readonly SmsProvider[],
  { clock, logger }: { readonly clock: Clock; readonly logger: Pick<Logger, "warn"> },
): SmsSender {
  const lanes: readonly Lane[] = providers.map((provider) => ({ provider, circuit: createCircuit(clock) }));

  /** What a fault says about the vendor. */
  function report(fault: unknown, { provider, circuit }: Lane): void {
    if (fault instanceof SmsUnavailable && fault.isDown) {
      // Told once: the next vendor takes his SMS, and nobody else would notice.
      if (circuit.failed()) logger.warn({ vendor: provider.name, reason: fault.code }, "an SMS vendor rests");
      // Whoever says no is there.
    } else if (fault instanceof SmsRefused || fault instanceof SmsCheckBarred) circuit.succeeded();
    else circuit.left();
  }

  return {
    longestSeconds: providers.length * LONGEST_SENDING_SECONDS,

    async send(message, onWay) {
      let way: string | null | undefined;
      const fates: { readonly name: string; readonly fate: Fate; readonly code: string }[] = [];

      const isTakenBy = async (lane: Lane): Promise<boolean> => {
        const { provider, circuit } = lane;
        const { name } = provider;
        try {
          const next = provider.check ? name : null;
          if (next !== way) await onWay(next);
          way = next;
          await provider.send(message);
          circuit.succeeded();
          return true;
        } catch (fault) {
          report(fault, lane);
          if (fault instanceof SmsRefused && fault.isFinal) throw new SmsRefused(`${name}: ${fault.code}`);
          if (fault instanceof SmsRefused) fates.push({ name, fate: "refused", code: fault.code });
          else if (fault instanceof SmsUnavailable)
            fates.push({ name, fate: fault.isDown ? "down" : "failed", code: fault.code });
          else throw fault;
          return false;
        }
      };

      const resting: Lane[] = [];
      for (const lane of inOrder(lanes, message)) {
        if (!lane.circuit.enter()) resting.push(lane);
        else if (await isTakenBy(lane)) return;
      }
      // When all of them rest, no other is spared by waiting.
      if (resting.length === lanes.length) {
        for (const lane of resting) if (await isTakenBy(lane)) return;
      } else {
        fates.push(
          ...resting.map(({ provider: { name } }) => ({ name, fate: "down", code: "rests" }) as const),
        );
      }
      const reason = fates.map(({ name, code }) => `${name}: ${code}`).join(", ");
      if (fates.every(({ fate }) => fate === "refused")) throw new SmsRefused(reason);
      throw new SmsUnavailable(reason, { isDown: fates.every(({ fate }) => fate === "down") });
    },

    async check(name, to, code) {
      const lane = lanes.find(({ provider }) => provider.name === name);
      // Nobody knows the codes any more of a vendor that is not used any more.
      if (!lane?.provider.check) return false;
      if (!lane.circuit.enter()) throw new SmsUnavailable(`${name}: rests`);
      try {
        const isRight = await lane.provider.check(to, code);
        lane.circuit.succeeded();
        return isRight;
      } catch (fault) {
        report(fault, lane);
        throw fault;
      }
    },

    async close() {
      await Promise.all(providers.map((provider) => provider.close()));
    },
  };
}

/** One who has others' codes in his hands as well comes last where they could spoil ours. */
function inOrder(lanes: readonly Lane[], { isContested }: SmsMessage): readonly Lane[] {
  if (!isContested) return lanes;
  const knowsCodes = ({ provider }: Lane) => provider.check !== undefined;
  return [...lanes.filter((lane) => !knowsCodes(lane)), ...lanes.filter(knowsCodes)];
}
