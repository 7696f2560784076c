import type { JsonObject } from "@bufbuild/protobuf";
import { DeliveryRefused } from "../../ports/delivery.js";
import type { Delivery } from "../outbox/outbox.js";

/** What the outbox holds of an event. */
export interface ToldEvent {
  readonly id: string;
  readonly name: string;
  /** When it happened. */
  readonly at: string;
  readonly event: JsonObject;
}

export function toldIn({ messageId: id, payload: { name, at, event } }: Delivery): ToldEvent {
  if (typeof name === "string" && typeof at === "string" && isObject(event)) return { id, name, at, event };
  throw new DeliveryRefused("what waits is no event", { permanent: true });
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
