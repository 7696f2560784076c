import type { Schema } from "./schema.js";

/** One change of the schema. Each step must do nothing when it has been done before: see `Schema`. */
export interface Migration {
  readonly name: string;
  up(schema: Schema): Promise<void>;
  down(schema: Schema): Promise<void>;
}
