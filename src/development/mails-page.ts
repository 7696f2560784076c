import { escapeHtml } from "../platform/html.js";
import type { Page } from "./html.js";

/** Every mail that the server can send, filled with made-up values. */
export interface MailSamples {
  readonly topics: readonly string[];
  readonly languages: readonly string[];
  /** Undefined for a topic or a language that there is not. */
  compose(topic: string, language: string): Sample | undefined;
}

interface Sample {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Which mail, in which language. */
export interface Chosen {
  readonly topic: string;
  readonly language: string;
}

/** All mails in all languages, and the one that is chosen: as HTML in a frame that may do nothing, and as text. */
export function mailsPage({ topics, languages, compose }: MailSamples, chosen: Chosen): Omit<Page, "nonce"> {
  const sample = compose(chosen.topic, chosen.language);
  const rows = topics.map(
    (topic) =>
      `<tr><th scope="row">${escapeHtml(topic)}</th><td>${languages
        .map((language) => linkTo({ topic, language }, chosen))
        .join(" ")}</td></tr>`,
  );
  return {
    title: "Mails",
    body: `<p class="quiet">Every mail in every language, with made-up values. <a href="/dev/mailbox">What was sent</a></p>
<table>
${rows.join("\n")}
</table>
${sample === undefined ? "<p>Choose one.</p>" : article(sample, chosen)}`,
  };
}

/** Where the HTML of a mail is, for the frame. */
export const MAIL_FRAME = "/dev/mails/html";

function article({ subject, text }: Sample, chosen: Chosen): string {
  return `<article>
<h2>${escapeHtml(subject)}</h2>
<p class="quiet">${escapeHtml(chosen.topic)} · ${escapeHtml(chosen.language)}</p>
<iframe title="HTML" sandbox src="${MAIL_FRAME}?${queryOf(chosen)}"></iframe>
<pre>${escapeHtml(text)}</pre>
</article>`;
}

function linkTo(mail: Chosen, { topic, language }: Chosen): string {
  const isChosen = mail.topic === topic && mail.language === language;
  return `<a href="/dev/mails?${queryOf(mail)}"${isChosen ? ' aria-current="page"' : ""}>${escapeHtml(mail.language)}</a>`;
}

const queryOf = ({ topic, language }: Chosen): string =>
  `topic=${encodeURIComponent(topic)}&amp;language=${encodeURIComponent(language)}`;
