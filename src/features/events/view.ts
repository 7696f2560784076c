import {
  type DescField,
  type DescMessage,
  fromJson,
  getOption,
  type JsonObject,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "../../../gen/barong/events/v1/event_pb.js";
import { event as eventRules } from "../../../gen/barong/options/v1/options_pb.js";
import type { StreamedEvent } from "./streams.js";

/** Which field of the message tells events of a name. */
const fieldOf: ReadonlyMap<string, DescField> = new Map(
  EventSchema.fields.flatMap((field) => {
    const name = field.message && getOption(field.message, eventRules).name;
    return name ? [[name, field]] : [];
  }),
);

/** As a stream tells it: without the one-time token, if it has one. */
export function eventView({ id, name, at, payload }: StreamedEvent): MessageInitShape<typeof EventSchema> {
  const field = fieldOf.get(name);
  const common = { id, name, at: timestampFromDate(at) };
  const value = field?.message && payload && messageIn(field.message, withoutToken(payload));
  if (!field || !value) return common;
  // The name of a field and its message belong together, which types cannot tell of descriptors.
  return { ...common, payload: { case: field.localName, value } as Event["payload"] };
}

/** Another version may tell more of it, or something else by the same name, which must not end the stream. */
function messageIn(schema: DescMessage, payload: JsonObject): Message | undefined {
  try {
    return fromJson(schema, payload, { ignoreUnknownFields: true });
  } catch {
    return undefined;
  }
}

/** Who may read here is somebody of the staff or a key of his, and with a token he would have the account of anybody else. */
const withoutToken = (payload: JsonObject): JsonObject =>
  Object.hasOwn(payload, "token") ? { ...payload, token: "" } : payload;
