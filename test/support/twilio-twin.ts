import type { IncomingMessage } from "node:http";
import { type Behaviour, type Fault, startVendorTwin } from "./vendor-twin.js";

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

/** What Twilio says when it refuses: a status, its own code, and words that repeat the number. */
export const twilioError = (status: number, code: number, message = "a refusal"): Behaviour => ({
  kind: "answers",
  status,
  body: JSON.stringify(refusal(status, code, message).body),
});

/** Twilio's API for messages in this process: takes exactly what the real one documents, and refuses all else as it does. */
export async function startTwilioTwin() {
  const received: ReceivedSms[] = [];
  const twin = await startVendorTwin({
    faultOf,
    work(_request, body) {
      const sms = smsOf(body);
      received.push(sms);
      return {
        status: 201,
        body: {
          sid: `SM${String(received.length).padStart(32, "0")}`,
          account_sid: TWILIO.accountSid,
          ...sms,
          status: "queued",
          error_code: null,
          error_message: null,
        },
      };
    },
  });

  return Object.assign(twin, {
    /** What makes a server of ours use this twin. */
    environment: {
      TWILIO_ACCOUNT_SID: TWILIO.accountSid,
      TWILIO_AUTH_TOKEN: TWILIO.authToken,
      TWILIO_PHONE_NUMBER: TWILIO.from,
      TWILIO_URL: twin.url,
    },
    received,
  });
}

export type TwilioTwin = Awaited<ReturnType<typeof startTwilioTwin>>;

/** The fault that a request has at any of Twilio's addresses. */
export function requestFault(
  { method, url, headers }: IncomingMessage,
  expected: { readonly path: string; readonly method: string },
): Fault | undefined {
  const password = Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString("base64");
  if (headers.authorization !== `Basic ${password}`) return refusal(401, 20003, "Authenticate");
  if (url !== expected.path) return refusal(404, 20404, `no ${url}`);
  if (method !== expected.method) return refusal(405, 20004, `no ${method} here`);
  return undefined;
}

/** The same where forms are posted. */
export function formFault(
  request: IncomingMessage,
  { path, fields, form }: { readonly path: string; readonly fields: string; readonly form: URLSearchParams },
): Fault | undefined {
  const fault = requestFault(request, { path, method: "POST" });
  if (fault) return fault;
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) return refusal(400, 20001, `a body of ${type}`);
  if ([...form.keys()].sort().join() !== fields) return refusal(400, 20001, `fields ${[...form.keys()]}`);
  return undefined;
}

export const refusal = (status: number, code: number, message: string): Fault => ({
  status,
  message,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
});

function faultOf(request: IncomingMessage, body: string): Fault | undefined {
  const path = `/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json`;
  const fault = formFault(request, { path, fields: "Body,From,To", form: new URLSearchParams(body) });
  if (fault) return fault;
  const sms = smsOf(body);
  if (sms.from !== TWILIO.from) return refusal(400, 21606, `${sms.from} is not a number of the account`);
  if (!/^\+[1-9]\d{6,14}$/.test(sms.to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${sms.to}`);
  if (sms.body === "") return refusal(400, 21602, "Message body is required");
  if (sms.body.length > 1600)
    return refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit");
  return undefined;
}

function smsOf(body: string): ReceivedSms {
  const form = new URLSearchParams(body);
  return { to: form.get("To") ?? "", from: form.get("From") ?? "", body: form.get("Body") ?? "" };
}
