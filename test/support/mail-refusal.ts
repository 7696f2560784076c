import { MailRefused } from "../../src/ports/mail/mail.js";

/** Why a mail was not taken; throws when it was. */
export async function refusalOf(sending: Promise<void>): Promise<MailRefused> {
  const outcome = await sending.then(
    () => "sent",
    (refusal: unknown) => refusal,
  );
  if (!(outcome instanceof MailRefused)) throw new Error("the mail was not refused", { cause: outcome });
  return outcome;
}
