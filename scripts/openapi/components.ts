import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import type { Node } from "./json.js";

type Kind = "schemas" | "responses" | "headers";

/** Parts of the document that stand in one place and are referred to from others. */
export class Components {
  private readonly parts: Readonly<Record<Kind, Map<string, Node>>> = {
    schemas: new Map(),
    responses: new Map(),
    headers: new Map(),
  };
  private readonly faces = new Map<string, "request" | "answer">();

  /** A reference to a part, which is made when nobody has referred to it before. */
  refer(kind: Kind, name: string, make: () => Node): Node {
    const parts = this.parts[kind];
    if (!parts.has(name)) {
      // Before it is made, as it may refer to itself.
      parts.set(name, {});
      parts.set(name, make());
    }
    return { $ref: `#/components/${kind}/${name}` };
  }

  /** Throws when a message stands in requests and in answers, whose schemas differ. */
  referToMessage(face: "request" | "answer", message: DescMessage, make: () => Node): Node {
    const name = componentName(message);
    const known = this.faces.get(name);
    if (known !== undefined && known !== face) throw new Error(`${message.typeName} is request and answer`);
    this.faces.set(name, face);
    return this.refer("schemas", name, make);
  }

  isReferredTo(message: DescMessage): boolean {
    return this.faces.has(componentName(message));
  }

  /** All parts, in the order of their names. */
  get all(): Readonly<Record<Kind, Node>> {
    return {
      schemas: sorted(this.parts.schemas),
      responses: sorted(this.parts.responses),
      headers: sorted(this.parts.headers),
    };
  }
}

/** Nouns that several audiences share go by their own name, others by that of their audience too. */
export function componentName({ typeName }: DescMessage | DescEnum): string {
  const [audience, name] = typeName.replace(/^barong\./, "").split(/\.v\d+\./);
  return audience === "entities" ? `${name}` : `${audience}.${name}`;
}

const sorted = (parts: ReadonlyMap<string, Node>): Node =>
  Object.fromEntries([...parts].sort(([one], [other]) => (one < other ? -1 : 1)));
