import type { IncomingMessage } from "node:http";
import { randomDigits } from "../../src/platform/random.js";
import { formFault, refusal, requestFault, TWILIO } from "./twilio-twin.js";
import { type Fault, type Reply, startVendorTwin } from "./vendor-twin.js";

export const VERIFY_SERVICE = "VA0123456789abcdef0123456789abcdef";

const SERVICE = `/v2/Services/${VERIFY_SERVICE}`;
const STARTS = `${SERVICE}/Verifications`;
const CHECKS = `${SERVICE}/VerificationCheck`;
const MOST = 5;

interface Verification {
  readonly sid: string;
  readonly code: string;
  sends: number;
  checks: number;
}

/**
 * Twilio Verify in this process. As the real one it makes the codes, texts the same one again while it is good, forgets it
 * once it is approved, and has enough after five SMS or five checks. The service itself can be looked at.
 */
export async function startVerifyTwin() {
  const pending = new Map<string, Verification>();
  const sent: { readonly to: string; readonly code: string }[] = [];
  let begun = 0;
  let service: Reply = {
    status: 200,
    body: { sid: VERIFY_SERVICE, account_sid: TWILIO.accountSid, friendly_name: "Barong" },
  };

  const replyTo = (verification: Verification, to: string, status: string, code: number): Reply => ({
    status: code,
    body: {
      sid: verification.sid,
      service_sid: VERIFY_SERVICE,
      account_sid: TWILIO.accountSid,
      to,
      channel: "sms",
      status,
      valid: status === "approved",
    },
  });

  function start(to: string): Reply {
    const known = pending.get(to);
    if (known && known.sends >= MOST) return refusal(429, 60203, "Max send attempts reached");
    begun += 1;
    const fresh = { sid: `VE${String(begun).padStart(32, "0")}`, code: randomDigits(6), sends: 0, checks: 0 };
    const verification = known ?? fresh;
    verification.sends += 1;
    pending.set(to, verification);
    sent.push({ to, code: verification.code });
    return replyTo(verification, to, "pending", 201);
  }

  function check(to: string, code: string): Reply {
    const verification = pending.get(to);
    if (!verification) return refusal(404, 20404, `The requested resource ${CHECKS} was not found`);
    if (verification.checks >= MOST) return refusal(429, 60202, "Max check attempts reached");
    verification.checks += 1;
    const isRight = code === verification.code;
    if (isRight) pending.delete(to);
    return replyTo(verification, to, isRight ? "approved" : "pending", 200);
  }

  const twin = await startVendorTwin({
    faultOf,
    work({ url }, body) {
      if (url === SERVICE) return service;
      const form = new URLSearchParams(body);
      const to = form.get("To") ?? "";
      return url === STARTS ? start(to) : check(to, form.get("Code") ?? "");
    },
  });

  return Object.assign(twin, {
    /** What makes a server of ours use this twin, beside what names the vendors. */
    environment: {
      TWILIO_ACCOUNT_SID: TWILIO.accountSid,
      TWILIO_AUTH_TOKEN: TWILIO.authToken,
      TWILIO_VERIFY_SERVICE_SID: VERIFY_SERVICE,
      TWILIO_VERIFY_URL: twin.url,
    },
    /** The SMS with its codes. */
    sent,
    /** Does not tell about the service for the rest of its life. */
    hideService: () => {
      service = refusal(503, 20503, "Service unavailable");
    },
    /** Forgets all codes, as ten minutes do. */
    expire: () => pending.clear(),
  });
}

function faultOf(request: IncomingMessage, body: string): Fault | undefined {
  if (request.url === SERVICE) return requestFault(request, { path: SERVICE, method: "GET" });
  const form = new URLSearchParams(body);
  const isStart = request.url === STARTS;
  const path = isStart ? STARTS : CHECKS;
  const fault = formFault(request, { path, fields: isStart ? "Channel,To" : "Code,To", form });
  if (fault) return fault;
  const to = form.get("To") ?? "";
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return refusal(400, 60200, `Invalid parameter To: ${to}`);
  if (isStart && form.get("Channel") !== "sms") return refusal(400, 60200, `Invalid parameter Channel`);
  if (!isStart && !/^\d{4,10}$/.test(form.get("Code") ?? ""))
    return refusal(400, 60200, "Invalid parameter Code");
  return undefined;
}
