import type { DescField, Message } from "@bufbuild/protobuf";

/** Reads one field of a message that is known by descriptor; undefined when the field is unset. */
export function fieldReader(field: DescField): (message: Message) => unknown {
  const { localName, oneof } = field;
  if (oneof === undefined) return (message) => membersOf(message)[localName];
  return (message) => {
    const chosen = membersOf(message)[oneof.localName] as { case?: string; value?: unknown } | undefined;
    return chosen?.case === localName ? chosen.value : undefined;
  };
}

const membersOf = (message: Message) => message as unknown as Readonly<Record<string, unknown>>;
