import { type EventService, StreamStart } from "../../../gen/barong/events/v1/event_service_pb.js";
import type { Call, Handlers } from "../../platform/call.js";
import type { EventStreams } from "./streams.js";
import { eventView } from "./view.js";

/** `stands` throws when the caller could not begin his call any more. */
export const eventHandlers = (
  streams: EventStreams,
  stands: (call: Call) => Promise<void>,
): Handlers<typeof EventService> => ({
  async *streamEvents({ cursor, start, names }, call) {
    const begin = start === StreamStart.OLDEST ? "oldest" : "now";
    const reader = { signal: call.signal, stands: () => stands(call) };
    const wanted = { cursor: cursor === "" ? undefined : cursor, start: begin, names } as const;
    for await (const { cursor: reached, event } of streams.read(wanted, reader))
      yield { cursor: reached, ...(event && { event: eventView(event) }) };
  },
});
