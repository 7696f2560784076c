import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { method as methodRules } from "../../gen/barong/options/v1/options_pb.js";
import type { Components } from "./components.js";
import type { Node } from "./json.js";

/** The headers that a success has for its own sake. */
export function headersOfSuccess(method: DescMethod, components: Components): Node | undefined {
  const { pagination, headers } = getOption(method, methodRules);
  const own = headers.map(({ name, about, always }) => [
    name,
    { description: about, ...(always && { required: true }), schema: { type: "string" } },
  ]);
  const ofPage = pagination ? PAGE_HEADERS : [];
  if (own.length + ofPage.length === 0) return undefined;
  return {
    ...Object.fromEntries(
      ofPage.map(([name, header]) => [name, components.refer("headers", name, () => header)]),
    ),
    ...Object.fromEntries(own),
  };
}

export const retryAfter = (components: Components): Node => ({
  "Retry-After": components.refer("headers", "Retry-After", () => RETRY_AFTER),
});

const count = (description: string, example: number): Node => ({
  description,
  required: true,
  schema: { type: "integer", minimum: 0, examples: [example] },
});

const RETRY_AFTER = count("Seconds after which trying again makes sense.", 5);

const PAGE_HEADERS: readonly (readonly [string, Node])[] = [
  ["Total", count("Rows of all pages.", 250)],
  ["Page", count("Number of this page, counted from 1.", 2)],
  ["Per-Page", count("Rows of a page.", 100)],
  [
    "Link",
    {
      description:
        "Other pages (RFC 8288): `first`, `prev`, `last` and `next`, as far as there are such. Absent when there is no other.",
      schema: { type: "string", examples: ['</api/v2/admin/users?page=1>; rel="first"'] },
    },
  ],
];
