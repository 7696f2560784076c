import type { IncomingMessage } from "node:http";
import { Webhook } from "standardwebhooks";
import { type Fault, startVendorTwin } from "./vendor-twin.js";

/** `whsec_` and the base64 of 24 bytes. */
export const GATEWAY_SECRET = `whsec_${Buffer.from("a secret of two dozen by").toString("base64")}`;

/** An operator's own SMS gateway in this process: takes what is signed, and each id once. */
export async function startSmsGatewayTwin({ now = () => new Date() }: { readonly now?: () => Date } = {}) {
  const received: { readonly id: string; readonly to: string; readonly text: string }[] = [];
  const twin = await startVendorTwin({
    faultOf: (request, body) => faultOf(request, body, now()),
    work(_request, body) {
      const sms = JSON.parse(body);
      if (!received.some(({ id }) => id === sms.id)) received.push(sms);
      return { status: 202, body: {} };
    },
  });

  return Object.assign(twin, {
    /** What makes a server of ours use this twin. */
    environment: { SMS_HTTP_URL: `${twin.url}/sms`, SMS_HTTP_SECRET: GATEWAY_SECRET },
    received,
  });
}

function faultOf({ method, url, headers }: IncomingMessage, body: string, now: Date): Fault | undefined {
  const no = (status: number, message: string): Fault => ({ status, message, body: { error: message } });
  if (method !== "POST" || url !== "/sms") return no(404, `no ${method} ${url}`);
  if (headers["content-type"] !== "application/json") return no(415, `a body of ${headers["content-type"]}`);
  const text = (name: string): string => String(headers[name] ?? "");
  const signed = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;
  try {
    // The package compares with its own clock; the one of the test may be elsewhere.
    const age = Math.abs(Number(text("webhook-timestamp")) - now.getTime() / 1000);
    if (!(age < 300)) return no(401, `a timestamp ${age} s off`);
    const parts = Object.fromEntries(signed.map((name) => [name, text(name)]));
    atMoment(Number(parts["webhook-timestamp"]), () => new Webhook(GATEWAY_SECRET).verify(body, parts));
  } catch (fault) {
    return no(401, `a signature that is none: ${fault}`);
  }
  const { id, to, text: words, ...rest } = JSON.parse(body);
  if (id !== headers["webhook-id"]) return no(422, "another id than the signed one");
  if (Object.keys(rest).length > 0 || typeof words !== "string" || words === "")
    return no(422, "another form");
  if (typeof to !== "string" || !/^\+[1-9]\d{6,14}$/.test(to)) return no(422, `no number: ${to}`);
  return undefined;
}

function atMoment<T>(seconds: number, work: () => T): T {
  const real = Date.now;
  Date.now = () => seconds * 1000;
  try {
    return work();
  } finally {
    Date.now = real;
  }
}
