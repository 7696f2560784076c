import { escapeHtml } from "../platform/html.js";
import type { MailboxEntry } from "../ports/mail/mailbox.js";
import { type Page, withLinks } from "./html.js";

/** Every mail and SMS, newest first; loads itself anew every few seconds. */
export const mailboxPage = (entries: readonly MailboxEntry[]): Omit<Page, "nonce"> => ({
  title: "Development mailbox",
  head: '<meta http-equiv="refresh" content="5">\n',
  body: `<p class="quiet">What the server would send, newest first, until it stops. <a href="/dev/mailbox.json">As JSON</a> · <a href="/dev/mails">All mails there are</a></p>
${entries.length === 0 ? "<p>Nothing yet. Sign somebody up.</p>" : entries.map(article).join("\n")}`,
});

function article({ kind, to, subject, text, at }: MailboxEntry): string {
  const name = kind === "sms" ? "SMS" : "Mail";
  return `<article>
<h2>${escapeHtml(subject || name)}</h2>
<p class="quiet">${name} to ${escapeHtml(to)} · <time datetime="${escapeHtml(at)}">${escapeHtml(at)}</time></p>
<pre>${withLinks(text)}</pre>
</article>`;
}
