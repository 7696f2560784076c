import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { TranscodingError } from "./error.js";
import { fieldOf, isWellKnown } from "./fields.js";
import { isJsonObject, type JsonFields } from "./json.js";
import { descriptionOf, type FieldViolation, isBlank, MAX_VIOLATIONS } from "./violations.js";

export interface JsonDecoding {
  readonly violations: FieldViolation[];
  readonly ignoreUnknown: boolean;
  readonly registry: Registry | undefined;
}

/**
 * Decodes a JSON object. A value of a wrong type does not hide the others: it becomes a violation and decoding goes on.
 * Throws TranscodingError ("unknown_field") unless unknown fields are ignored.
 */
export function messageFromJson(schema: DescMessage, json: JsonFields, decoding: JsonDecoding): Message {
  const options = decoding.registry === undefined ? {} : { registry: decoding.registry };
  const decode = (fields: JsonFields) => tryTo(() => fromJson(schema, fields, options));
  // Strict, because the lenient mode would also ignore unknown words of an enum.
  const asSent = decode(json);
  if (asSent !== undefined) return asSent;
  // Most often there is only something unknown, which costs little to take out.
  const doubts: FieldViolation[] = [];
  const withoutUnknown = new Sieve({ ...decoding, violations: doubts }, false).fields(schema, json, []);
  const known = doubts.length === 0 ? decode(withoutUnknown) : undefined;
  return known ?? fromJson(schema, new Sieve(decoding, true).fields(schema, json, []), options);
}

type Path = readonly DescField[];

/** Keeps of a JSON object what its type knows and, if leaves are tried, what it can decode; each leaf is tried once. */
class Sieve {
  private readonly options;

  constructor(
    private readonly decoding: JsonDecoding,
    private readonly triesLeaves: boolean,
  ) {
    this.options = decoding.registry === undefined ? {} : { registry: decoding.registry };
  }

  fields(holder: DescMessage, json: JsonFields, above: Path): JsonFields {
    const given = new Set<unknown>();
    const kept: [string, JsonValue][] = [];
    for (const [name, value] of Object.entries(json)) {
      const field = fieldOf(holder, name);
      if (field === undefined) {
        this.unknown(holder, name);
        continue;
      }
      if (this.decoding.violations.length >= MAX_VIOLATIONS) break;
      const path = [...above, field];
      // Null chooses no member of a oneof.
      const slot = value === null ? field : (field.oneof ?? field);
      if (given.has(slot) || given.has(field)) {
        this.refuse(path, "is given more than once, or excludes another given field", value);
        continue;
      }
      given.add(slot).add(field);
      const known = this.value(holder, field, value, path);
      if (known !== undefined) kept.push([name, known]);
    }
    // Entries are own properties, so that "__proto__" stays a name.
    return Object.fromEntries(kept);
  }

  /** Undefined when the value was refused. */
  private value(holder: DescMessage, field: DescField, value: JsonValue, path: Path): JsonValue | undefined {
    const schema = field.message;
    if (schema === undefined || isWellKnown(schema)) return this.leaf(holder, field, value, path);
    if (field.fieldKind === "message" && isJsonObject(value)) return this.fields(schema, value, path);
    if (field.fieldKind === "list" && Array.isArray(value) && value.every(isJsonObject)) {
      return value.map((item) => this.fields(schema, item, path));
    }
    if (field.fieldKind === "map" && isJsonObject(value) && Object.values(value).every(isJsonObject)) {
      const items = Object.entries(value) as [string, JsonFields][];
      const keys = Object.fromEntries(items.map(([key]) => [key, {}]));
      if (this.leaf(holder, field, keys, path) === undefined) return undefined;
      return Object.fromEntries(items.map(([key, item]) => [key, this.fields(schema, item, path)]));
    }
    return this.leaf(holder, field, value, path);
  }

  private leaf(holder: DescMessage, field: DescField, value: JsonValue, path: Path): JsonValue | undefined {
    if (!this.triesLeaves) return value;
    try {
      fromJson(holder, { [field.jsonName]: value }, this.options);
      return value;
    } catch (error) {
      this.refuse(path, descriptionOf(error), value);
      return undefined;
    }
  }

  private unknown(schema: DescMessage, name: string): void {
    if (this.decoding.ignoreUnknown) return;
    throw new TranscodingError("unknown_field", `${schema.typeName} has no field "${name}"`);
  }

  private refuse(path: Path, description: string, value: JsonValue): void {
    const [field] = path;
    if (field === undefined) return;
    const fieldPath = path.map(({ name }) => name).join(".");
    const violation = { fieldPath, field, description, place: "body", isBlank: isBlank(value) } as const;
    this.decoding.violations.push(violation);
  }
}

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
