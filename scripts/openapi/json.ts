/** A part of the document. */
export type Node = { readonly [member: string]: Json };
export type Json = string | number | boolean | null | readonly Json[] | Node;

/** The members that have a value. */
export const given = (members: { readonly [member: string]: Json | undefined }): Node =>
  Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
