import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A hop between a client and a server on this machine that can misbehave. */
export interface TcpProxy {
  readonly port: number;
  /** Swallows everything in both directions while true; new connections are accepted and hear nothing. */
  blackhole: boolean;
  /** Milliseconds by which everything is late, in each direction. */
  latency: number;
  /** Resets new connections while true. */
  down: boolean;
  /** Resets all connections that are open. */
  resetAll(): void;
  /** Connections that are open at present. */
  connections(): number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer({ noDelay: true }, (client) => {
    if (proxy.down) return client.resetAndDestroy();
    const upstream = connect({ ...target, noDelay: true });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    join(client, upstream);
    join(upstream, client);
    client.on("close", () => pairs.delete(pair));
  });
  const join = (from: Socket, to: Socket): void => {
    const pass = (bytes: Buffer): void => {
      if (!proxy.blackhole && !to.destroyed) to.write(bytes);
    };
    from.on("data", (bytes) => {
      if (proxy.latency === 0) pass(bytes);
      else setTimeout(pass, proxy.latency, bytes);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    blackhole: false,
    latency: 0,
    down: false,
    resetAll() {
      for (const [client, upstream] of pairs) {
        client.resetAndDestroy();
        upstream.destroy();
      }
    },
    connections: () => pairs.size,
    async close() {
      proxy.resetAll();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
