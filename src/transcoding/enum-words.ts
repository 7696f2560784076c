import type { DescEnum, DescEnumValue } from "@bufbuild/protobuf";

/** How a value is called without the prefix of its type: `active` for USER_STATE_ACTIVE. */
export const wordOf = ({ name, parent }: DescEnumValue): string =>
  name.toLowerCase().slice(parent.sharedPrefix?.length ?? 0);

/** The value that a text names, by its full name or by its word in any letter case. */
export const valueNamed = ({ values }: DescEnum, text: string): DescEnumValue | undefined =>
  values.find(({ name }) => name === text) ?? values.find((value) => wordOf(value) === text.toLowerCase());
