import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/** Answers a function that closes the host as soon as the requests in flight are answered. To be called before it listens. */
export function closerOf(http: FastifyInstance): () => Promise<void> {
  const sockets = new Set<Socket>();
  http.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const closeUnused = () => {
    http.server.closeIdleConnections();
    // Browsers open connections for later; for node these are not idle, as a request might be on its way.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  return async () => {
    // A connection may fall idle at any moment from now on; left alone it would hold everything up.
    const sweep = setInterval(closeUnused, SWEEP_MILLISECONDS);
    try {
      await http.close();
    } finally {
      clearInterval(sweep);
    }
  };
}

const SWEEP_MILLISECONDS = 25;
