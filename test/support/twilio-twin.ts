import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const TWILIO = {
  accountSid: "AC0123456789abcdef0123456789abcdef",
  authToken: "twilio-auth-token",
  from: "+15005550006",
};

export interface ReceivedSms {
  readonly to: string;
  readonly from: string;
  readonly body: string;
}

type Behaviour =
  | { readonly kind: "works" }
  | { readonly kind: "answers"; readonly status: number; readonly body: string }
  | { readonly kind: "is silent" }
  | { readonly kind: "trickles" }
  | { readonly kind: "resets" };

/** What Twilio says when it refuses: a status, its own code, and words that repeat the number. */
export const twilioError = (status: number, code: number, message = "a refusal"): Behaviour => ({
  kind: "answers",
  status,
  body: JSON.stringify({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }),
});

/**
 * Twilio's API for messages in this process: takes exactly what the real one documents, and refuses all else as it does. What it
 * refused by itself is in `faults`, so that a test can tell a wrong request from a behaviour it asked for.
 */
export async function startTwilioTwin() {
  const received: ReceivedSms[] = [];
  const faults: string[] = [];
  let behaviour: Behaviour = { kind: "works" };

  const server = createServer(async (request, response) => {
    const form = await formOf(request);
    const fault = faultOf(request, form);
    if (fault) {
      faults.push(fault.message);
      return answer(response, fault.status, fault);
    }
    if (behaviour.kind === "is silent") return;
    if (behaviour.kind === "resets") return void request.socket.resetAndDestroy();
    if (behaviour.kind === "trickles") return trickle(response);
    if (behaviour.kind === "answers") {
      return void response
        .writeHead(behaviour.status, { "content-type": "application/json" })
        .end(behaviour.body);
    }
    const sms = smsOf(form);
    received.push(sms);
    answer(response, 201, {
      sid: `SM${String(received.length).padStart(32, "0")}`,
      account_sid: TWILIO.accountSid,
      to: sms.to,
      from: sms.from,
      body: sms.body,
      status: "queued",
      error_code: null,
      error_message: null,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    /** What makes a server of ours use this twin. */
    environment: {
      TWILIO_ACCOUNT_SID: TWILIO.accountSid,
      TWILIO_AUTH_TOKEN: TWILIO.authToken,
      TWILIO_PHONE_NUMBER: TWILIO.from,
      TWILIO_URL: url,
    },
    received,
    faults,
    behave(next: Behaviour) {
      behaviour = next;
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type TwilioTwin = Awaited<ReturnType<typeof startTwilioTwin>>;

interface Fault {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

function faultOf({ method, url, headers }: IncomingMessage, form: URLSearchParams): Fault | undefined {
  const { to, from, body } = smsOf(form);
  const type = headers["content-type"] ?? "";
  const password = Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString("base64");
  const no = (status: number, code: number, message: string): Fault => ({ status, code, message });

  if (headers.authorization !== `Basic ${password}`) return no(401, 20003, "Authenticate");
  if (url !== `/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json`) return no(404, 20404, `no ${url}`);
  if (method !== "POST") return no(405, 20004, `no ${method} here`);
  if (!type.startsWith("application/x-www-form-urlencoded")) return no(400, 20001, `a body of ${type}`);
  if ([...form.keys()].sort().join() !== "Body,From,To") return no(400, 20001, `fields ${[...form.keys()]}`);
  if (from !== TWILIO.from) return no(400, 21606, `${from} is not a number of the account`);
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return no(400, 21211, `Invalid 'To' Phone Number: ${to}`);
  if (body === "") return no(400, 21602, "Message body is required");
  if (body.length > 1600)
    return no(400, 21617, "The concatenated message body exceeds the 1600 character limit");
  return undefined;
}

const smsOf = (form: URLSearchParams): ReceivedSms => ({
  to: form.get("To") ?? "",
  from: form.get("From") ?? "",
  body: form.get("Body") ?? "",
});

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** An answer that never ends, a byte at a time. */
function trickle(response: ServerResponse): void {
  response.writeHead(201, { "content-type": "application/json" });
  const dripping = setInterval(() => response.write(" "), 20);
  response.once("close", () => clearInterval(dripping));
}
