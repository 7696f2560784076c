import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  mergeFromJson,
  type Registry,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { TranscodingError } from "./error.js";
import { canHoldFile, type FieldNames, type FieldTarget } from "./fields.js";
import { isJsonObject, type JsonFields } from "./json.js";
import { jsonOfSegment, jsonOfText, TextError } from "./text.js";
import { descriptionOf, type FieldViolation, isBlank, MAX_VIOLATIONS, type Place } from "./violations.js";

export interface ParametersNeeds {
  readonly schema: DescMessage;
  readonly message: Message;
  readonly names: FieldNames;
  /** Keys of the fields that the path gives; nobody else may set them. */
  readonly givenByPath: ReadonlySet<string>;
  readonly violations: FieldViolation[];
  readonly jsonDepth: number;
  readonly jsonNodes: number;
  readonly ignoreUnknown: boolean;
  readonly enumWords: boolean;
  readonly blankIsUnset: (field: DescField) => boolean;
  readonly jsonAsText: (field: DescField) => boolean;
  readonly registry: Registry | undefined;
  /** The JSON that was already decoded into the message. */
  readonly json?: JsonValue | undefined;
}

/** Members that may come one by one: each is written together with those before it. */
const MOST_MEMBERS = 100;

/**
 * Writes values that come as text into a message. Stronger places come first (body, then query): what they set, a weaker one
 * cannot change; within one place, a second value for a singular field is a violation. The path goes over everything.
 */
export class Parameters {
  private readonly members = new Map<string, JsonFields>();
  private readonly setBy = new Map<string, { readonly place: Place; readonly key: string }>();

  constructor(private readonly needs: ParametersNeeds) {}

  set(place: "query" | "body", name: string, text: string): void {
    const { names, givenByPath, ignoreUnknown } = this.needs;
    this.boundName(place, name);
    if (this.needs.violations.length >= MAX_VIOLATIONS) return;
    const found = names.find(name);
    const target = found && this.asMemberOfText(found);
    if (target === undefined) {
      if (ignoreUnknown) return;
      throw new TranscodingError("unknown_field", `there is no parameter "${name}"`);
    }
    if (isBlank(text) && this.needs.blankIsUnset(target.last)) return;
    if (givenByPath.has(target.key) || this.isTaken(target, place)) return;
    if (target.jsonKey !== undefined) {
      this.writeMember(target, place, target.jsonKey, text);
      return;
    }
    this.write(target, place, text, () => jsonOfText(target.last, text, this.needs));
  }

  /**
   * The field for a file of that name, which counts as given from now on. Undefined when there is none, or it is taken already;
   * a field that can hold no file is a violation.
   */
  claimForFile(name: string): FieldTarget | undefined {
    this.boundName("body", name);
    const target = this.needs.names.find(name);
    if (target === undefined || this.needs.givenByPath.has(target.key) || this.isTaken(target, "body")) {
      return undefined;
    }
    if (canHoldFile(target)) return target;
    this.refuseFile(target);
    return undefined;
  }

  refuseFile(target: FieldTarget): void {
    this.refuse(target, "body", "does not take a file", false);
  }

  /** Puts what became of a file into the field that was claimed for it, or adds it to the list there. */
  putFile(target: FieldTarget, value: Uint8Array | ReflectMessage): void {
    const { last } = target;
    const holder = this.holderOf(target);
    if (last.fieldKind === "list") holder.get(last).add(value);
    else if (last.fieldKind === "scalar" || last.fieldKind === "message") holder.set(last, value);
  }

  setByPath(target: FieldTarget, text: string): void {
    this.write(target, "path", text, () => jsonOfSegment(target.last, text, this.needs));
  }

  private holderOf({ path }: FieldTarget) {
    let holder = reflect(this.needs.schema, this.needs.message);
    for (const parent of path.slice(0, -1)) {
      if (parent.fieldKind !== "message") break;
      if (!holder.isSet(parent)) holder.set(parent, reflect(parent.message));
      holder = holder.get(parent);
    }
    return holder;
  }

  /** Members of one JSON object come one by one, each as a text. */
  private writeMember(target: FieldTarget, place: Place, key: string, text: string): void {
    // As entries, so that "__proto__" stays a name.
    const earlier = Object.entries(this.members.get(target.key) ?? {});
    if (earlier.length >= MOST_MEMBERS) {
      this.refuse(target, place, `has more than ${MOST_MEMBERS} members`, false);
      return;
    }
    const members = Object.fromEntries([...earlier, [key, text]]);
    this.members.set(target.key, members);
    const isText = target.last.message === undefined;
    this.write(target, place, text, () => (isText ? JSON.stringify(members) : members));
  }

  /** Throws TranscodingError for a name with too many dots, as each may become a message in a message. */
  private boundName(place: "query" | "body", name: string): void {
    const { jsonDepth } = this.needs;
    const bracket = name.indexOf("[");
    const end = bracket === -1 ? name.length : bracket;
    let depth = 1;
    for (let dot = name.indexOf("."); dot !== -1 && dot < end; dot = name.indexOf(".", dot + 1)) {
      if (++depth <= jsonDepth) continue;
      const kind = place === "query" ? "malformed_query" : "malformed_body";
      throw new TranscodingError(
        kind,
        `the name of a parameter is nested more than ${jsonDepth} levels deep`,
      );
    }
  }

  /** A member of an object whose JSON text a field takes. */
  private asMemberOfText(target: FieldTarget): FieldTarget {
    const { path, last, key, index } = target;
    const isMember = index !== undefined && index !== "" && this.needs.jsonAsText(last);
    return isMember ? { path, last, key, jsonKey: index } : target;
  }

  private write(target: FieldTarget, place: Place, text: string, toJson: () => JsonValue): void {
    const { schema, message, registry } = this.needs;
    try {
      const refusal = target.refusal ?? target.textRefusal;
      if (refusal !== undefined) throw new TextError(refusal);
      const options = registry === undefined ? {} : { registry };
      mergeFromJson(schema, message, nested(target, toJson()), options);
    } catch (error) {
      this.refuse(target, place, descriptionOf(error), isBlank(text));
    }
  }

  /** True when the value has no say: a stronger place, or an earlier value of this one, has set the field. */
  private isTaken(target: FieldTarget, place: Place): boolean {
    if (this.isGivenByJson(target)) return true;
    return this.isClaimed(target, place, target.key) || this.isOneofClaimed(target, place);
  }

  private isClaimed(target: FieldTarget, place: Place, key: string): boolean {
    const index = target.mapKey ?? target.jsonKey;
    const slot = index === undefined ? key : `${key}[${index}]`;
    const earlier = this.setBy.get(slot);
    if (earlier === undefined) {
      this.setBy.set(slot, { place, key: target.key });
      return false;
    }
    if (earlier.place !== place) return true;
    if (target.last.fieldKind === "list") return false;
    this.refuse(target, place, "is given more than once", false);
    return true;
  }

  private isOneofClaimed(target: FieldTarget, place: Place): boolean {
    for (const [depth, field] of target.path.entries()) {
      if (field.oneof === undefined) continue;
      const keyOf = (name: string) =>
        [...target.path.slice(0, depth).map((each) => each.name), name].join(".");
      const slot = `${keyOf(field.oneof.name)} (oneof)`;
      const member = keyOf(field.name);
      const earlier = this.setBy.get(slot);
      if (earlier === undefined) {
        if (this.isSetToAnother(target.path.slice(0, depth), field)) return true;
        this.setBy.set(slot, { place, key: member });
      } else if (earlier.key !== member) {
        if (earlier.place === place) {
          this.refuse(target, place, `excludes ${earlier.key}, which is given too`, false);
        }
        return true;
      }
    }
    return false;
  }

  /** Whether the JSON body chose another member of the field's oneof. */
  private isSetToAnother(parents: readonly DescField[], field: DescField): boolean {
    let holder = reflect(this.needs.schema, this.needs.message);
    for (const parent of parents) {
      if (parent.fieldKind !== "message" || !holder.isSet(parent)) return false;
      holder = holder.get(parent);
    }
    const chosen = field.oneof && holder.oneofCase(field.oneof);
    return chosen !== undefined && chosen !== field;
  }

  private isGivenByJson({ path, mapKey }: FieldTarget): boolean {
    let json = this.needs.json;
    for (const field of path) {
      if (!isJsonObject(json)) return false;
      const name = [field.jsonName, field.name].find((each) => Object.hasOwn(json as JsonFields, each));
      if (name === undefined) return false;
      json = json[name];
    }
    return mapKey === undefined || (isJsonObject(json) && Object.hasOwn(json, mapKey));
  }

  private refuse(target: FieldTarget, place: Place, description: string, isBlank: boolean): void {
    const { key, path } = target;
    this.needs.violations.push({ fieldPath: key, field: path[0], description, place, isBlank });
  }
}

/** `{child: {tags: [value]}}` for the target `child.tags`. A computed key is data even when it is "__proto__". */
function nested({ path, last, mapKey }: FieldTarget, value: JsonValue): JsonValue {
  const item = mapKey !== undefined ? { [mapKey]: value } : last.fieldKind === "list" ? [value] : value;
  return path.reduceRight<JsonValue>((json, field) => ({ [field.jsonName]: json }), item);
}
