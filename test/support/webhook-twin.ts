import { Webhook } from "standardwebhooks";
import { startVendorTwin } from "./vendor-twin.js";

/** `whsec_` and the base64 of 24 bytes. */
export const WEBHOOK_SECRET = `whsec_${Buffer.from("another two dozen bytes.").toString("base64")}`;

export interface Received {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A receiver of webhooks in this process: takes what is signed, and each id once. */
export async function startWebhookTwin() {
  const received: Received[] = [];
  const twin = await startVendorTwin({
    faultOf({ method, url, headers }, body) {
      const no = (status: number, message: string) => ({ status, message, body: { error: message } });
      if (method !== "POST" || url !== "/hooks") return no(404, `no ${method} ${url}`);
      if (headers["content-type"] !== "application/json") return no(415, `${headers["content-type"]}`);
      const text = (name: string): string => String(headers[name] ?? "");
      try {
        const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        const told = new Webhook(WEBHOOK_SECRET).verify(
          body,
          Object.fromEntries(names.map((name) => [name, text(name)])),
        ) as Received;
        return told.id === headers["webhook-id"] ? undefined : no(422, "another id than the signed one");
      } catch (fault) {
        return no(401, `a signature that is none: ${fault}`);
      }
    },
    work(_request, body) {
      const told = JSON.parse(body) as Received;
      if (!received.some(({ id }) => id === told.id)) received.push(told);
      return { status: 204, body: {} };
    },
  });
  return Object.assign(twin, { address: `${twin.url}/hooks`, received });
}
