import { afterAll, beforeAll, expect, test } from "vitest";
import { CreateUserRequestSchema } from "../../gen/barong/identity/v1/user_service_pb.js";
import { costOf, ordinaryCost } from "./measure.js";
import { Random } from "./random.js";
import { renderJson } from "./render.js";
import { type Found, slowestOf, wordsOf } from "./search.js";
import { openTargets, type Target } from "./targets.js";

/** How many requests are tried in all. */
const INPUTS = Number(process.env.FUZZ_INPUTS ?? 2000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/**
 * What a KiB of a request may cost, in times of what a KiB of ordinary JSON costs to parse on the same machine in the same run. Where that is
 * 3 microseconds, the longest request of a method without files takes 120 milliseconds at most.
 */
const MAX_COST = 600;

let opened: Awaited<ReturnType<typeof openTargets>>;

beforeAll(async () => {
  opened = await openTargets();
});

afterAll(() => opened.close());

test("no request costs much more to read and to validate than its length accounts for", {
  timeout: 60_000 + INPUTS * 100,
}, async () => {
  const random = new Random(SEED);
  const { targets } = opened;
  const fields = targets.reduce((sum, { schema }) => sum + schema.fields.length + 1, 0);
  const found: Found[] = [];
  for (const target of targets) {
    const inputs = Math.ceil((INPUTS * (target.schema.fields.length + 1)) / fields);
    found.push(await slowestOf(target, inputs, random));
  }
  const unit = await ordinaryCost();
  const slowest = await measuredAgain(found);
  const lines = slowest.map((each) => line(each, unit));
  if (INPUTS >= 10_000) process.stdout.write(`${lines.join("\n")}\n`);
  const tooSlow = lines.filter((_, at) => (slowest[at]?.cost ?? 0) / unit > MAX_COST);

  expect(tooSlow, `with FUZZ_SEED=${SEED} FUZZ_INPUTS=${INPUTS}`).toEqual([]);
});

test("the search finds a pattern whose cost grows with the square of a text's length", async () => {
  const target: Target = {
    name: "a pattern that backtracks",
    schema: CreateUserRequestSchema,
    prepare(genome) {
      const text = renderJson(genome).slice(0, 20_000);
      return { bytes: text.length, run: async () => void /\s+$/.test(text) };
    },
  };

  const { cost } = await slowestOf(target, 100, new Random(SEED));

  expect(cost / (await ordinaryCost())).toBeGreaterThan(MAX_COST);
});

/** The slowest of all, measured so often that nothing is left to chance. */
async function measuredAgain(found: readonly Found[]): Promise<Found[]> {
  const slowest: Found[] = [];
  for (const each of [...found].sort(bySlowness).slice(0, 30)) {
    slowest.push({ ...each, cost: await costOf(each.target.prepare(each.genome), 10) });
  }
  return slowest.sort(bySlowness);
}

const bySlowness = (one: Found, other: Found): number => other.cost - one.cost;

const line = ({ target, genome, cost }: Found, unit: number): string =>
  `${Math.round(cost / unit)} times ordinary JSON: ${target.name}: ${wordsOf(genome)}`;
