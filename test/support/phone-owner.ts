import { activeMember, post, signIn } from "./rest.js";
import type { Started } from "./start-app.js";

let numbers = 0;

/** A British mobile number that no other test uses, in a row of seven digits or in another. */
export function freshNumber(row = 0): string {
  numbers += 1;
  return `447${400 + row}${String(300_000 + numbers)}`;
}

/** Somebody signed in, and what he does with phones; every call waits until its SMS has left or is put off. */
export async function phoneOwner(app: Started, forwardedFor?: string) {
  const cookie = await signIn(app, await activeMember(app));
  const headers = { cookie, ...(forwardedFor !== undefined && { "x-forwarded-for": forwardedFor }) };
  const call = async (path: string, fields: Record<string, unknown>) => {
    const answer = await post(app, `/resource/phones${path}`, fields, headers);
    await app.rooms.outbox.settled();
    return answer;
  };
  return {
    add: (phone_number: string) => call("", { phone_number }),
    sendCode: (phone_number: string) => call("/send_code", { phone_number }),
    verify: (phone_number: string, verification_code: string) =>
      call("/verify", { phone_number, verification_code }),
  };
}

/** The code at the end of a text. */
export const codeIn = (text = ""): string => /\d{6}$/.exec(text)?.[0] ?? "";

export const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, "0");
