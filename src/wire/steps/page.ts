import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Pagination } from "../../../gen/barong/options/v1/options_pb.js";

/** The step that puts into a request for a list what it leaves out: the first page, of as many rows as the schema says. */
export function pageStep({ fields }: DescMessage, { defaultLimit }: Pagination): (request: Message) => void {
  const defaults = [
    [localNameOf(fields, "page"), 1],
    [localNameOf(fields, "limit"), defaultLimit],
  ] as const;
  return (request) => {
    const members = request as unknown as Record<string, unknown>;
    for (const [name, value] of defaults) members[name] ??= value;
  };
}

function localNameOf(fields: DescMessage["fields"], name: string): string {
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`a list without ${name}`);
  return field.localName;
}
