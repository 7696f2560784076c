import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A request as a service behind a gateway has received it. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Upstream {
  readonly port: number;
  /** Everything received so far, oldest first. */
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** A service behind a gateway, which answers 200 to everything, says what it received, and echoes what comes after an upgrade. */
export async function startUpstream(): Promise<Upstream> {
  const received: Received[] = [];
  const note = ({ method = "", url = "", headers }: IncomingMessage, body: Buffer): void => {
    received.push({ method, target: url, headers, body });
  };
  const server = createServer(async (request, response) => {
    note(request, await buffer(request));
    response.setHeader("content-type", "application/json").end('{"from":"upstream"}');
  });
  server.on("upgrade", (request, socket) => {
    note(request, Buffer.alloc(0));
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const lines = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
