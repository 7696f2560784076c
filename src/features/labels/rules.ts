import { squeezed } from "../../platform/white-space.js";
import type { EventName } from "../events/events.js";
import type { Label, LabelScope } from "./store.js";

/** Public labels that the owner of an account may have made. */
export const MOST_PUBLIC = 100;

type Named = Pick<Label, "key" | "scope">;

/** Keys and values as they are stored and compared. */
export const normalised = (text: string): string => squeezed(text).toLowerCase();

/** The label of a scope that a key in any spelling names. */
export function labelOf<L extends Named>(
  labels: readonly L[],
  key: string,
  scope: LabelScope,
): L | undefined {
  const wanted = normalised(key);
  return labels.find((label) => label.scope === scope && label.key === wanted);
}

/** The label that a key names when no scope is told: the public one, for a private one can be there against its owner's will. */
export const labelShown = <L extends Named>(labels: readonly L[], key: string): L | undefined =>
  labelOf(labels, key, "public") ?? labelOf(labels, key, "private");

/** Who is told how of a verdict about somebody's documents. */
export interface Verdict {
  /** To other services. */
  readonly event: EventName;
  /** To the owner of the account. */
  readonly notice: "document_verified" | "document_rejected";
}

const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ["verified", { event: "system.document.verified", notice: "document_verified" }],
  ["rejected", { event: "system.document.rejected", notice: "document_rejected" }],
]);

/** The verdict about somebody's documents that a label is. */
export const verdictIn = ({
  key,
  value,
  scope,
}: Pick<Label, "key" | "value" | "scope">): Verdict | undefined =>
  key === "document" && scope === "private" ? VERDICTS.get(value) : undefined;
