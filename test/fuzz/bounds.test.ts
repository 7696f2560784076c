import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import {
  isReflectList,
  isReflectMap,
  isReflectMessage,
  type ReflectMessage,
  reflect,
} from "@bufbuild/protobuf/reflect";
import { expect, test } from "vitest";
import { CreateDocumentsRequestSchema } from "../../gen/barong/resource/v1/document_service_pb.js";
import { CheckRequestSchema } from "../../gen/envoy/service/auth/v3/external_auth_pb.js";
import { messageExcess } from "../../src/wire/message-scan.js";
import { sample } from "../transcoding/schema.js";
import { type Genome, mutate, randomGenome } from "./genome.js";
import { Random } from "./random.js";
import { renderMessage } from "./render.js";

const INPUTS = Number(process.env.FUZZ_INPUTS ?? 3000) * 5;
const SEED = Number(process.env.FUZZ_SEED ?? 1);

const bounds = { depth: 20, nodes: 40 };
const schemas: [DescMessage, ...DescMessage[]] = [sample, CreateDocumentsRequestSchema, CheckRequestSchema];

const TITLE = "whatever bytes are let through, the decoder makes no more values of them than were counted";

test(TITLE, { timeout: 60_000 + INPUTS * 10 }, () => {
  const random = new Random(SEED);
  let decoded = 0;
  for (let input = 0; input < INPUTS; input++) {
    const schema = random.pick(schemas);
    const bytes = randomBytes(schema, random);
    if (messageExcess(schema, bytes, bounds) !== undefined) continue;
    const message = decode(schema, bytes);
    if (message === undefined) continue;
    decoded++;
    const hint = `FUZZ_SEED=${SEED} input ${input}: ${schema.typeName} ${Buffer.from(bytes).toString("hex")}`;

    expect(valuesIn(reflect(schema, message)), hint).toBeLessThanOrEqual(bounds.nodes);
  }

  expect(decoded).toBeGreaterThan(INPUTS / 50);
});

/** A message, some bytes of which are others. */
function randomBytes(schema: DescMessage, random: Random): Uint8Array {
  let genome: Genome = randomGenome(schema, random);
  if (random.chance(0.5)) genome = mutate(genome, schema, random);
  const bytes = Uint8Array.from(renderMessage(genome, 16 + random.size(600)));
  const changes = random.chance(0.3) ? 0 : 1 + random.below(4);
  for (let change = 0; change < changes && bytes.length > 0; change++) {
    const at = random.below(bytes.length);
    const old = bytes[at] ?? 0;
    bytes[at] = random.pick([
      old ^ (1 << random.below(8)),
      random.below(256),
      (old & 0xf8) | random.below(6),
      0,
    ]);
  }
  return bytes;
}

function decode(schema: DescMessage, bytes: Uint8Array): Message | undefined {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
}

/** Fields that are set, elements and entries, and fields that the schema does not know. */
function valuesIn(message: ReflectMessage): number {
  let values = message.getUnknown()?.length ?? 0;
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const value: unknown = message.get(field);
    const inner: readonly unknown[] =
      isReflectList(value) || isReflectMap(value) ? [...value.values()] : [value];
    for (const each of inner) values += 1 + (isReflectMessage(each) ? valuesIn(each) : 0);
  }
  return values;
}
