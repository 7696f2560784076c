import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { Random } from "./random.js";

/** A request in the making: small to mutate, however long it becomes. */
export type Genome = readonly Gene[];

/** A field that is given so many times. */
export interface Gene {
  /** Undefined for one that the schema does not know. */
  readonly field: DescField | undefined;
  readonly times: number;
  readonly value: GeneValue;
}

export type GeneValue =
  | {
      readonly kind: "text";
      readonly head: string;
      readonly unit: string;
      readonly units: number;
      readonly tail: string;
    }
  | { readonly kind: "number"; readonly digits: number }
  | { readonly kind: "message"; readonly genes: Genome }
  /** Free JSON. */
  | { readonly kind: "json"; readonly shape: Shape; readonly size: number };

export const SHAPES = ["numbers", "lists", "objects", "texts", "members", "deep"] as const;
export type Shape = (typeof SHAPES)[number];

const MAX_BYTES = 64 * 1024;
const MAX_GENES = 6;

/** Pieces of text that parsers and patterns may stumble over. */
const UNITS: readonly [string, ...string[]] = [
  ...([
    " ",
    "a",
    "0",
    "9",
    ".",
    "-",
    "/",
    ",",
    "*",
    "_",
    ":",
    "A1",
    "é",
    "日",
    "😀",
    "e\u0301",
    "\u00a0",
    "\t",
  ] as const),
  ...([
    '"',
    "\\",
    "[",
    "{",
    "%",
    "+",
    "&",
    "=",
    "a,",
    "a.",
    " a",
    "a ",
    "1.",
    "@",
    "a@",
    "ID",
    "12",
    "\n",
  ] as const),
];

/** Genomes to begin with: every field alone, and all of them together, in the forms that cost most as a rule. */
export function firstGenomes(schema: DescMessage): { readonly whole: Genome[]; readonly single: Genome[] } {
  const forms: GeneValue[] = [
    ...[" ", "a", "é", ","].map((unit) => textOf(unit, MAX_BYTES)),
    { kind: "text", head: "a", unit: " ", units: MAX_BYTES, tail: "a" },
    { kind: "text", head: "", unit: "", units: 0, tail: "" },
    ...(["numbers", "lists", "members", "deep"] as const).map(
      (shape) => ({ kind: "json", shape, size: MAX_BYTES }) as const,
    ),
    { kind: "message", genes: [] },
    { kind: "number", digits: 1 },
  ];
  const fields = [undefined, ...schema.fields];
  const genesOf = (value: GeneValue, share: number) =>
    fields.map((field): Gene => {
      if (value.kind === "text" && value.units > 0)
        return { field, times: 1, value: { ...value, units: Math.ceil(value.units / share) } };
      if (value.kind === "json")
        return { field, times: 1, value: { ...value, size: Math.ceil(value.size / share) } };
      return { field, times: Math.ceil(MAX_BYTES / 10 / share), value };
    });
  return {
    whole: forms.map((value) => genesOf(value, 2 * fields.length)),
    single: forms.flatMap((value) => genesOf(value, 0.1).map((gene) => [gene])),
  };
}

const textOf = (unit: string, units: number): GeneValue => ({
  kind: "text",
  head: "",
  unit,
  units,
  tail: "",
});

export function randomGenome(schema: DescMessage, random: Random): Genome {
  return Array.from({ length: 1 + random.below(MAX_GENES) }, () => randomGene(schema, random, 0));
}

export function mutate(genome: Genome, schema: DescMessage, random: Random, depth = 0): Genome {
  const at = random.below(genome.length);
  const gene = genome[at];
  if (gene === undefined || (genome.length < MAX_GENES && random.chance(0.2)))
    return [...genome, randomGene(schema, random, depth)];
  if (genome.length > 1 && random.chance(0.15)) return genome.filter((_, index) => index !== at);
  return genome.with(at, mutateGene(gene, random, depth));
}

function mutateGene(gene: Gene, random: Random, depth: number): Gene {
  const { field, times, value } = gene;
  if (random.chance(0.3)) return { ...gene, times: resized(times, random) };
  if (random.chance(0.15)) return { ...gene, value: randomValue(field, random, depth) };
  switch (value.kind) {
    case "text":
      return { ...gene, value: mutateText(value, field, random) };
    case "number":
      return { ...gene, value: { ...value, digits: resized(value.digits, random) } };
    case "json":
      return {
        ...gene,
        value: random.chance(0.3)
          ? { ...value, shape: random.pick(SHAPES) }
          : { ...value, size: resized(value.size, random) },
      };
    case "message": {
      const inner = field?.message;
      return inner
        ? { ...gene, value: { ...value, genes: mutate(value.genes, inner, random, depth + 1) } }
        : gene;
    }
  }
}

function mutateText(
  text: GeneValue & { kind: "text" },
  field: DescField | undefined,
  random: Random,
): GeneValue {
  const units = resized(text.units, random);
  switch (random.below(4)) {
    case 0:
      return { ...text, units };
    case 1:
      return { ...text, unit: unitFor(field, random) };
    case 2:
      return { ...text, head: random.chance(0.3) ? "" : unitFor(field, random) };
    default:
      return { ...text, tail: random.chance(0.3) ? "" : unitFor(field, random) };
  }
}

function resized(size: number, random: Random): number {
  const factor = random.pick([0.5, 0.9, 1.1, 2, 10]);
  return random.chance(0.2)
    ? random.size(MAX_BYTES)
    : Math.min(MAX_BYTES, Math.max(1, Math.round(size * factor)));
}

function randomGene(schema: DescMessage, random: Random, depth: number): Gene {
  const field = random.chance(0.1) ? undefined : schema.fields[random.below(schema.fields.length)];
  const times = random.chance(0.6) ? 1 : random.size(MAX_BYTES);
  return { field, times, value: randomValue(field, random, depth) };
}

function randomValue(field: DescField | undefined, random: Random, depth: number): GeneValue {
  const inner = field?.message;
  if (inner && depth < 3 && random.chance(0.6)) {
    const genes = Array.from({ length: random.below(4) }, () => randomGene(inner, random, depth + 1));
    return { kind: "message", genes };
  }
  switch (random.below(inner || field === undefined ? 4 : 6)) {
    case 0:
      return { kind: "number", digits: random.size(inner ? 4 : MAX_BYTES) };
    case 1:
    case 2:
      return { kind: "json", shape: random.pick(SHAPES), size: random.size(MAX_BYTES) };
    default: {
      const [head, tail] = [
        random.chance(0.5) ? unitFor(field, random) : "",
        random.chance(0.5) ? unitFor(field, random) : "",
      ];
      return { kind: "text", head, unit: unitFor(field, random), units: random.size(MAX_BYTES), tail };
    }
  }
}

/** A piece of text; often one that a pattern of the field mentions. */
function unitFor(field: DescField | undefined, random: Random): string {
  const pattern = field && random.chance(0.5) ? patternsOf(field) : "";
  if (pattern === "") return random.pick(UNITS);
  const start = random.below(pattern.length);
  return pattern.slice(start, start + 1 + random.below(3));
}

const patterns = new WeakMap<DescField, string>();

/** What the rules of a field say of its text. */
function patternsOf(field: DescField): string {
  const known = patterns.get(field);
  if (known !== undefined) return known;
  const rules = getOption(field, fieldRules);
  const { type } = rules.type.case === "repeated" && rules.type.value.items ? rules.type.value.items : rules;
  const expressions = rules.cel.map(({ expression }) => expression);
  const words = type.case === "string" ? [type.value.pattern, ...type.value.in] : [];
  const pattern = [...words, ...expressions].join("");
  patterns.set(field, pattern);
  return pattern;
}
