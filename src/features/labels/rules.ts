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

/** What other services are told when a private label takes this value, or goes with it. */
export function eventAbout({ key, value }: Pick<Label, "key" | "value">): EventName | undefined {
  if (key !== "document") return undefined;
  if (value === "verified") return "system.document.verified";
  return value === "rejected" ? "system.document.rejected" : undefined;
}

/** The verdict about somebody's documents that a label is. */
export function verdictIn({
  key,
  value,
  scope,
}: Pick<Label, "key" | "value" | "scope">): "document_verified" | "document_rejected" | undefined {
  if (key !== "document" || scope !== "private") return undefined;
  if (value === "verified") return "document_verified";
  return value === "rejected" ? "document_rejected" : undefined;
}
