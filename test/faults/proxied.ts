import type { FreshDatabase, TestDatabase } from "../support/databases.js";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.js";

/** The same kind of database, each new one of them behind a hop that can misbehave. */
export function behindProxy(kind: TestDatabase): TestDatabase & { readonly proxy: TcpProxy } {
  let proxy: TcpProxy | undefined;
  return {
    name: kind.name,
    get proxy() {
      if (!proxy) throw new Error("there is no database behind the proxy yet");
      return proxy;
    },
    async create(): Promise<FreshDatabase> {
      const fresh = await kind.create();
      const url = new URL(fresh.url);
      const started = await startTcpProxy({ host: url.hostname, port: Number(url.port || 3306) });
      proxy = started;
      url.hostname = "127.0.0.1";
      url.port = String(started.port);
      return {
        url: url.href,
        async drop() {
          await started.close();
          await fresh.drop();
        },
      };
    },
  };
}
