import { MailRefused } from "./mail.js";

// Commands whose refusal is about this mail; a refusal of any other is about the connection or our settings.
const ABOUT_THE_MAIL = ["RCPT TO", "DATA"];
// Answers that mean "log in first" or "not in this order", whatever the command was.
const ABOUT_THE_CONNECTION = [503, 530, 534, 535, 538];

/** Whether the server has answered with a refusal, and not just fallen silent. */
export const wasAnswered = (fault: unknown): boolean => smtpFactsOf(fault).responseCode !== undefined;

/** What a failure of nodemailer says about the mail. `isThere` tells whether the server takes other mails. */
export function refusalBy(fault: unknown, { isThere }: { readonly isThere: boolean }): MailRefused {
  const { code, command, responseCode, response } = smtpFactsOf(fault);
  if (responseCode === undefined) {
    const what = isThere ? "the mail server broke off" : "the mail server cannot be reached";
    return new MailRefused(`${what} (${code})`, { permanent: false, unreachable: !isThere, cause: fault });
  }
  const isAboutTheMail = ABOUT_THE_MAIL.includes(command) && !ABOUT_THE_CONNECTION.includes(responseCode);
  // Only the numbers of the answer: its words may repeat the address or a link of the mail.
  const [, enhanced = ""] = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? [];
  const numbers = `${responseCode} ${enhanced}`.trim();
  return new MailRefused(`the mail server answered ${numbers} to ${command}`, {
    permanent: isAboutTheMail && responseCode >= 500 && responseCode < 600,
    unreachable: !isAboutTheMail,
    cause: fault,
  });
}

function smtpFactsOf(fault: unknown) {
  const fact = (name: string): unknown => (fault instanceof Error ? Reflect.get(fault, name) : undefined);
  const [code, command, responseCode, response] = ["code", "command", "responseCode", "response"].map(fact);
  return {
    code: typeof code === "string" ? code : "unknown",
    command: typeof command === "string" ? command : "a command",
    responseCode: typeof responseCode === "number" ? responseCode : undefined,
    response: typeof response === "string" ? response : "",
  };
}
