/** The settings of mail as they were read; undefined where they are absent or not readable. */
interface MailValues {
  readonly smtpUrl: URL | undefined;
  readonly smtpTls: "required" | "opportunistic" | "none" | undefined;
  readonly smtpTlsCa: string | undefined;
  readonly smtpConnections: number | undefined;
  readonly smtpMessagesPerConnection: number | undefined;
  readonly mailFrom: string | undefined;
  readonly mailNotices: boolean | undefined;
  readonly mailLinks: boolean | undefined;
  readonly confirmUrl: string | undefined;
  readonly resetUrl: string | undefined;
}

interface Site {
  readonly publicUrl: string;
  readonly isProduction: boolean;
}

/** Who takes mails, and where they lead. */
export type MailConfig = ReturnType<typeof mailConfig>;

export const mailConfig = (values: MailValues, { publicUrl, isProduction }: Site) => ({
  smtpUrl: values.smtpUrl?.href,
  tls: values.smtpTls ?? "required",
  tlsCaFile: values.smtpTlsCa,
  connections: values.smtpConnections ?? 1,
  messagesPerConnection: values.smtpMessagesPerConnection ?? 1,
  from: values.mailFrom ?? "",
  notices: values.mailNotices ?? true,
  links: values.mailLinks ?? true,
  confirmUrl:
    values.confirmUrl ??
    (isProduction
      ? `${publicUrl}/accounts/confirmation?confirmation_token={token}`
      : `${publicUrl}/dev/confirmation?token={token}`),
  resetUrl:
    values.resetUrl ??
    (isProduction
      ? `${publicUrl}/accounts/password_reset?reset_token={token}`
      : `${publicUrl}/dev/password-reset?token={token}`),
});

/** Settings of mail that leave something out or contradict each other, one sentence each. */
export function mailContradictions({ smtpUrl, smtpTls, confirmUrl, resetUrl }: MailValues): string[] {
  const found: string[] = [];
  for (const [name, template] of [
    ["CONFIRM_URL", confirmUrl],
    ["RESET_URL", resetUrl],
  ]) {
    if (template === undefined) continue;
    // Mail programs would run another kind, or show it as no link at all.
    if (!isPage(template))
      found.push(`${name} must be a URL of the form http://… or https://…, without blanks`);
    else if (!template.includes("{token}")) found.push(`${name} must contain {token}`);
  }
  if (smtpUrl !== undefined) found.push(...optionFaults(smtpUrl));
  if (smtpTls === "none" && smtpUrl?.protocol === "smtps:")
    found.push("SMTP_TLS=none contradicts the smtps:// of SMTP_URL");
  if (smtpTls === "none" && smtpUrl !== undefined && sendsPasswordAbroad(smtpUrl.href))
    found.push("SMTP_TLS=none would send the password of SMTP_URL to another machine for everybody to read");
  return found;
}

const isPage = (template: string): boolean => /^https?:\/\/\S+$/i.test(template) && URL.canParse(template);

/**
 * What may be added to SMTP_URL. Of all the options that the mail library reads from there, others switch encryption off, send elsewhere or
 * nowhere, write mails into the log, or undo settings of ours without a word.
 */
const OPTIONS = ["name", "localAddress", "authMethod", "tls.servername", "tls.minVersion"];

function optionFaults({ searchParams }: URL): string[] {
  const others = [...new Set(searchParams.keys())].filter((key) => !OPTIONS.includes(key));
  // What is no word may be a piece of a password that should have been encoded.
  const words = others.map((key) => (/^[A-Za-z.]{1,40}$/.test(key) ? key : "something else"));
  const found = words.map(
    (word) =>
      `SMTP_URL has ${word} behind its ?, where only ${OPTIONS.join(", ")} are read; TLS is set by SMTP_TLS`,
  );
  const versions = searchParams.getAll("tls.minVersion");
  if (versions.some((version) => !["TLSv1.2", "TLSv1.3"].includes(version)))
    found.push("SMTP_URL: tls.minVersion must be TLSv1.2 or TLSv1.3");
  return found;
}

/** Without TLS, whoever sits between us and the server could read the password. */
export function sendsPasswordAbroad(url: string): boolean {
  const { password, hostname } = new URL(url);
  return password !== "" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
