import { MailRefused } from "./mail.js";

// Commands whose refusal is about this mail; a refusal of any other is about the connection or our settings.
const ABOUT_THE_MAIL = ["RCPT TO", "DATA"];
// Answers that mean "not in this order" or "log in first", whatever the command was.
const ABOUT_THE_CONNECTION = [503, 530, 534, 535, 538];
// "I am closing": perhaps for good, perhaps this connection alone.
const CLOSING = 421;
// With SMTPUTF8 asked for, these refuse the address that needs it: RFC 6531 3.5, and 5321 for a parameter that is not known.
const ABOUT_UTF8 = ["5.6.7", "5.6.8"];
const UNKNOWN_PARAMETER = 555;
// What nodemailer calls a refusal that came once the server had all of the mail.
const AFTER_THE_MAIL = "EMESSAGE";

/** Whether the server has answered with a refusal, and has neither fallen silent nor closed. */
export function wasAnswered(fault: unknown): boolean {
  const { responseCode } = smtpFactsOf(fault);
  return responseCode !== undefined && responseCode !== CLOSING;
}

/**
 * Whether a refusal is for who we are or how we come, which an operator can mend: an address on a blocklist, relaying that is denied, a
 * password or encryption that is missing (RFC 3463 X.7), keys of our domain (RFC 7372), a sender that is unknown (X.1.7, X.1.8).
 */
function isOurFault(enhanced: string, hasReadMail: boolean): boolean {
  const [, subject, detail] = /^5\.([17])\.(\d+)$/.exec(enhanced) ?? [];
  if (subject === "1") return detail === "7" || detail === "8";
  if (subject !== "7") return false;
  // A list nobody may write to; a mailbox or domain that has another owner by now.
  if (["2", "17", "18"].includes(detail ?? "")) return false;
  // Whoever has read the mail says so of what is in it; before that, of who brings it.
  return !(hasReadMail && ["0", "1", "7"].includes(detail ?? ""));
}

interface Circumstances {
  /** Whether the server takes other mails. */
  readonly isThere: boolean;
  /** Whether the address of the mail needs SMTPUTF8. */
  readonly needsUtf8?: boolean;
}

/** What a failure of nodemailer says about the mail. */
export function refusalBy(fault: unknown, { isThere, needsUtf8 = false }: Circumstances): MailRefused {
  const { code, command, responseCode, response } = smtpFactsOf(fault);
  if (responseCode === undefined) {
    const what = isThere ? "the mail server broke off" : "the mail server cannot be reached";
    return new MailRefused(`${what} (${code})`, { permanent: false, unreachable: !isThere, cause: fault });
  }
  // Only the numbers of the answer: its words may repeat the address or a link of the mail.
  const [, enhanced = ""] = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? [];
  const isFinal = responseCode >= 500 && responseCode < 600;
  const isAboutTheMail = ABOUT_THE_MAIL.includes(command) && !ABOUT_THE_CONNECTION.includes(responseCode);
  const refusesUtf8 = needsUtf8 && (ABOUT_UTF8.includes(enhanced) || responseCode === UNKNOWN_PARAMETER);
  // Such a sender is refused in many words, which others of its mails need not wait for.
  const mayRefuseUtf8 = needsUtf8 && isFinal && !ABOUT_THE_CONNECTION.includes(responseCode);
  const numbers = `${responseCode} ${enhanced}`.trim();
  return new MailRefused(`the mail server answered ${numbers} to ${command}`, {
    permanent: refusesUtf8 || (isAboutTheMail && isFinal && !isOurFault(enhanced, code === AFTER_THE_MAIL)),
    unreachable: responseCode === CLOSING ? !isThere : !isAboutTheMail && !mayRefuseUtf8,
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
