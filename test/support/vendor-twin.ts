import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a twin does with requests that are right. */
export type Behaviour =
  | { readonly kind: "works" }
  | {
      readonly kind: "answers";
      readonly status: number;
      readonly body: string;
      readonly location?: string;
      readonly retryAfter?: string;
    }
  | { readonly kind: "is silent" }
  | { readonly kind: "trickles" }
  | { readonly kind: "resets" };

export interface Reply {
  readonly status: number;
  /** JSON, or plain text. */
  readonly body: object | string;
}

/** A request that the real one would not take. */
export interface Fault extends Reply {
  readonly message: string;
}

export interface VendorDuties {
  /** What is wrong with a request, whatever the twin is told to do. */
  faultOf(request: IncomingMessage, body: string): Fault | undefined;
  work(request: IncomingMessage, body: string): Reply;
}

/**
 * A vendor's HTTP interface in this process. What it refused by itself is in `faults`, so that a test can tell a wrong request from
 * a behaviour it asked for.
 */
export async function startVendorTwin({ faultOf, work }: VendorDuties) {
  const faults: string[] = [];
  let behaviour: Behaviour = { kind: "works" };
  let asked = 0;

  const server = createServer(async (request, response) => {
    asked += 1;
    let body = "";
    for await (const chunk of request) body += chunk;
    const fault = faultOf(request, body);
    if (fault) {
      faults.push(fault.message);
      return answer(response, fault);
    }
    if (behaviour.kind === "is silent") return;
    if (behaviour.kind === "resets") return void request.socket.resetAndDestroy();
    if (behaviour.kind === "trickles") return trickle(response);
    if (behaviour.kind === "answers") {
      const { status, body: text, location, retryAfter } = behaviour;
      const headers = {
        "content-type": "application/json",
        ...(location !== undefined && { location }),
        ...(retryAfter !== undefined && { "retry-after": retryAfter }),
      };
      return void response.writeHead(status, headers).end(text);
    }
    answer(response, work(request, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    /** Requests so far, right and wrong. */
    get asked() {
      return asked;
    },
    behave(next: Behaviour) {
      behaviour = next;
    },
    /** Ends what is silent. */
    hangUp: () => server.closeAllConnections(),
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, { status, body }: Reply): void {
  const isText = typeof body === "string";
  response
    .writeHead(status, { "content-type": isText ? "text/html" : "application/json" })
    .end(isText ? body : JSON.stringify(body));
}

/** An answer that never ends, a byte at a time. */
function trickle(response: ServerResponse): void {
  response.writeHead(201, { "content-type": "application/json" });
  const dripping = setInterval(() => response.write(" "), 20);
  response.once("close", () => clearInterval(dripping));
}
