import { Socket } from "node:net";
import type { ChannelModel } from "amqplib";

/** What a connection to a broker is written to. */
export function streamOf(model: ChannelModel | undefined): Socket | undefined {
  const stream: unknown = model && Reflect.get(model.connection, "stream");
  return stream instanceof Socket ? stream : undefined;
}

/** Ends it by RST, at which both sides forget what is in their buffers; answers whether it was open. */
export function resetStream(stream: Socket | undefined): boolean {
  if (stream === undefined || stream.destroyed) return false;
  try {
    stream.resetAndDestroy();
  } catch {
    // There is no such thing with TLS.
    stream.destroy();
  }
  return true;
}
