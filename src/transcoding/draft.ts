import { create, type Message } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { canHoldFile, type FieldTarget } from "./fields.js";
import type { DecodePolicy, Incoming } from "./incoming.js";
import type { JsonFields } from "./json.js";
import { messageFromJson } from "./json-message.js";
import { Parameters } from "./parameters.js";
import { parsePairs } from "./query.js";
import type { Binding } from "./rules.js";
import { type FieldViolation, InvalidFields } from "./violations.js";

/** What the body gave: JSON, a message made of raw bytes, or nothing. */
export interface Start {
  readonly json?: JsonFields;
  readonly message?: Message;
}

/** A request message in the making: the body starts it, then come the texts of forms, query and path. */
export class Draft {
  readonly message: Message;
  readonly violations: FieldViolation[] = [];
  private readonly parameters: Parameters;

  constructor(
    private readonly incoming: Incoming,
    private readonly policy: DecodePolicy,
    { json, message }: Start = {},
  ) {
    const { names, givenByPath, method } = incoming.binding;
    const { violations } = this;
    const schema = method.input;
    this.message = json
      ? messageFromJson(schema, json, { ...policy, violations })
      : (message ?? create(schema));
    this.parameters = new Parameters({
      schema,
      message: this.message,
      names,
      givenByPath,
      violations,
      json,
      ...policy,
    });
  }

  writeField(name: string, text: string): void {
    this.parameters.set("body", this.nameInBody(name), text);
  }

  /** See Parameters. */
  claimForFile(name: string): FieldTarget | undefined {
    return this.parameters.claimForFile(this.nameInBody(name));
  }

  refuseFile(target: FieldTarget): void {
    this.parameters.refuseFile(target);
  }

  putFile(target: FieldTarget, value: Uint8Array | ReflectMessage): void {
    this.parameters.putFile(target, value);
  }

  canHoldFile(name: string): boolean {
    const target = this.incoming.binding.names.find(this.nameInBody(name));
    return target !== undefined && canHoldFile(target);
  }

  /** Writes what the request target says: the query where the body has left room, the path over everything. */
  writeTarget(): void {
    const { binding, query, values } = this.incoming;
    if (this.mayTellMore(binding)) {
      for (const [name, text] of parsePairs(query, this.policy.queryParameters, "malformed_query")) {
        this.parameters.set("query", name, text);
      }
    }
    for (const { variable, target } of binding.variables) {
      this.parameters.setByPath(target, values.of(variable));
    }
  }

  /** Where the path gives every field, a query is somebody else's: of the request that this one asks about, perhaps. */
  private mayTellMore({ method, givenByPath }: Binding): boolean {
    if (!this.policy.ignoreUnknown || givenByPath.size === 0) return true;
    return method.input.fields.some(({ name }) => !givenByPath.has(name));
  }

  /** The message, if all was well. Throws InvalidFields. */
  finished(): Message {
    if (this.violations.length > 0) throw new InvalidFields(this.violations);
    return this.message;
  }

  /** A form for `body: "child"` names the fields of the child, or spells them from the top as the query does. */
  private nameInBody(name: string): string {
    const { body } = this.incoming.binding;
    if (typeof body !== "object" || body.fieldKind !== "message") return name;
    return name === body.name || name.startsWith(`${body.name}.`) ? name : `${body.name}.${name}`;
  }
}
