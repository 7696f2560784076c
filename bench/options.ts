import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Sizes } from "./gateway.js";
import type { OutboxPlan } from "./outbox/outbox.js";
import type { Plan } from "./rounds.js";
import type { ServerSettings } from "./servers.js";

export interface Options {
  readonly plan: Plan;
  readonly outboxPlan: OutboxPlan;
  /** Only cases whose name has this in it, and the yardstick. */
  readonly only: string;
  /** Whether the figures are worth keeping. */
  readonly keep: boolean;
  readonly servers: ServerSettings;
}

const FULL: Plan = { rounds: 9, warmUpSeconds: 2, seconds: 1.5 };
// Long enough for the first call of a server that has just started.
const QUICK: Plan = { rounds: 1, warmUpSeconds: 0.5, seconds: 0.3 };

const FULL_OUTBOX: OutboxPlan = {
  ...{ backlog: 100_000, rows: 10_000, plain: 5000, accounts: 2000, rounds: 5, signUps: 20 },
};
const QUICK_OUTBOX: OutboxPlan = {
  ...{ backlog: 1500, rows: 500, plain: 200, accounts: 100, rounds: 1, signUps: 2 },
};

const FULL_SIZES: Sizes = { small: 10_000, large: 1_000_000 };
const QUICK_SIZES: Sizes = { small: 1000, large: 10_000 };

/** Reads the command line. Throws an error of one line for what it does not know. */
export function optionsOf(args: readonly string[], mysqlUrl: string | undefined): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      only: { type: "string", default: "" },
      profiles: { type: "string" },
    },
  });
  const { quick, rounds, seconds, only, profiles } = values;
  const usual = quick ? QUICK : FULL;
  return {
    plan: {
      ...usual,
      rounds: rounds === undefined ? usual.rounds : above0("rounds", rounds),
      seconds: seconds === undefined ? usual.seconds : above0("seconds", seconds),
    },
    outboxPlan: quick ? QUICK_OUTBOX : FULL_OUTBOX,
    only,
    keep: !quick && only === "" && profiles === undefined,
    servers: { mysqlUrl, sizes: quick ? QUICK_SIZES : FULL_SIZES, profiles: profiles && resolve(profiles) },
  };
}

function above0(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} must be a number above 0`);
  return number;
}
