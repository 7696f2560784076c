import type { DescField, DescMethod, Message } from "@bufbuild/protobuf";
import { splitTarget } from "../transcoding/target.js";
import { fieldReader } from "./steps/field-value.js";
import { SECOND_FACTOR_FIELD } from "./steps/second-factor.js";

/** Where a list was asked for, as its client wrote it. */
export interface ListAddress {
  /** Such as `https://www.example.com`; empty when the client did not say. */
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
}

/** Sets the headers that tell a REST client which part of a list it got. The request says which page, see `pageStep`. */
export function pageHeaders({ input, output }: DescMethod) {
  const pageOf = numberReader(input.fields, "page");
  const limitOf = numberReader(input.fields, "limit");
  const totalOf = numberReader(output.fields, "total");
  return (header: Pick<Headers, "set">, request: Message, response: Message, address: ListAddress): void => {
    const page = pageOf(request);
    const limit = limitOf(request);
    const total = totalOf(response);
    header.set("total", String(total));
    header.set("page", String(page));
    header.set("per-page", String(limit));
    const links = linksOf(address, page, Math.max(1, Math.ceil(total / limit)));
    if (links !== "") header.set("link", links);
  };
}

/** First and previous page unless this is the first; last and next page unless this is the last, or none. */
function linksOf(address: ListAddress, page: number, last: number): string {
  const link = (to: number, rel: string) => `<${withPage(address, to)}>; rel="${rel}"`;
  const back = page > 1 ? [link(1, "first"), link(page - 1, "prev")] : [];
  const forth = page < last ? [link(last, "last"), link(page + 1, "next")] : [];
  return [...back, ...forth].join(", ");
}

function withPage({ origin, target }: ListAddress, page: number): string {
  const { path, query } = splitTarget(target);
  const parameters = new URLSearchParams(query);
  parameters.set("page", String(page));
  // It has been used up.
  parameters.delete(SECOND_FACTOR_FIELD);
  return `${origin}${path}?${parameters}`;
}

function numberReader(fields: readonly DescField[], name: string) {
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`a list without ${name}`);
  const read = fieldReader(field);
  return (message: Message): number => Number(read(message));
}
