import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A parameter of an operation, as the REST specification of Barong 2.0.51 has it. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "form";
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly required: boolean;
  /** The codes that its absence earns. */
  readonly missing?: readonly string[];
}

export interface Operation {
  readonly method: string;
  /** Below `/api/v2`. */
  readonly path: string;
  readonly bearer: boolean;
  readonly statuses: readonly number[];
  readonly parameters: readonly Parameter[];
}

interface Specification {
  readonly operations: readonly Operation[];
  /** The fields of each model, in order. */
  readonly models: Readonly<Record<string, readonly string[]>>;
}

/** The REST specification of Barong 2.0.51 as data. */
export const specification: Specification = JSON.parse(
  readFileSync(join(import.meta.dirname, "specification.json"), "utf8"),
);

export const nameOf = ({ method, path }: Pick<Operation, "method" | "path">): string => `${method} ${path}`;
