import { firstGenomes, type Genome, mutate, randomGenome } from "./genome.js";
import { costOf } from "./measure.js";
import type { Random } from "./random.js";
import type { Target } from "./targets.js";

export interface Found {
  readonly target: Target;
  readonly genome: Genome;
  /** Milliseconds of CPU for each KiB. */
  readonly cost: number;
}

/** Looks for the request that costs most per byte: from requests of typical shapes, by changes that make it cost more. */
export async function slowestOf(target: Target, inputs: number, random: Random): Promise<Found> {
  const { whole, single } = firstGenomes(target.schema);
  let best: Found = { target, genome: [], cost: 0 };
  for (let input = 0; input < inputs; input++) {
    const first = whole.length > 0 && random.chance(0.5) ? whole : single;
    const isEarly = input < inputs / 2 && first.length > 0;
    const genome = isEarly ? takeAny(first, random) : successorOf(best.genome, target, random);
    const cost = await costIfAbove(best.cost, target, genome);
    if (cost > best.cost) best = { target, genome, cost };
  }
  return best;
}

function takeAny(genomes: Genome[], random: Random): Genome {
  const [taken] = genomes.splice(random.below(genomes.length), 1);
  return taken ?? [];
}

function successorOf(genome: Genome, { schema }: Target, random: Random): Genome {
  return genome.length === 0 || random.chance(0.1)
    ? randomGenome(schema, random)
    : mutate(genome, schema, random);
}

/** The first measurement may be of code that is not compiled yet, or of a busy machine. */
async function costIfAbove(bar: number, target: Target, genome: Genome): Promise<number> {
  const prepared = target.prepare(genome);
  const once = await costOf(prepared, 1);
  return once > bar ? costOf(prepared, 3) : once;
}

/** For people: a genome without descriptors. */
export const wordsOf = (genome: Genome): string =>
  JSON.stringify(genome, (key, value: unknown) =>
    key === "field" && typeof value === "object" && value !== null && "name" in value ? value.name : value,
  );
