import { escapeHtml } from "../../platform/html.js";
import { type MailTopic, type Words, wordsIn } from "./mail-words.js";

export interface MailTextSettings {
  /** The name of the service. */
  readonly appName: string;
  /** Where the confirmation mail leads, with `{token}` in it. */
  readonly confirmUrl: string;
  /** Where the password reset mail leads, with `{token}` in it. */
  readonly resetUrl: string;
}

export interface ComposedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Composes mails as plain text and as HTML without any remote content. */
export function createMailTexts({ appName, confirmUrl, resetUrl }: MailTextSettings) {
  // A line break in the name would break the subject line.
  const app = appName.replace(/\p{Cc}+/gu, " ");
  const pages: Record<MailTopic, string> = { confirmation: confirmUrl, password_reset: resetUrl };

  return (topic: MailTopic, language: string, token: string): ComposedMail => {
    const { code, words } = bestWords(topic, language);
    const link = pages[topic].replaceAll("{token}", () => encodeURIComponent(token));
    const say = (sentence: string) => sentence.replaceAll("{app}", () => app);
    const spoken = {
      subject: say(words.subject),
      lead: say(words.lead),
      button: words.button,
      token: words.token,
      ignore: words.ignore,
    };
    return {
      subject: spoken.subject,
      text: `${spoken.lead}\n\n${link}\n\n${spoken.token}\n\n${token}\n\n${spoken.ignore}\n\n${app}\n`,
      html: page(code, spoken, { app, link, token }),
    };
  };
}

export type MailTexts = ReturnType<typeof createMailTexts>;

/** From the most to the least special, then English: `pt-BR` asks for `pt-br`, `pt` and `en`. */
export function languageChain(language: string): string[] {
  const subtags = language.toLowerCase().split(/[-_]/).slice(0, 4);
  const longer = subtags.map((_subtag, index) => subtags.slice(0, subtags.length - index).join("-"));
  return [...longer, "en"];
}

function bestWords(topic: MailTopic, language: string): { code: string; words: Words } {
  for (const code of languageChain(language)) {
    const words = wordsIn.get(code)?.[topic];
    if (words) return { code, words };
  }
  throw new Error(`there are no words for ${topic}`);
}

interface PageValues {
  readonly app: string;
  readonly link: string;
  readonly token: string;
}

function page(language: string, words: Words, { app, link, token }: PageValues): string {
  const url = escapeHtml(link);
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><title>${escapeHtml(words.subject)}</title></head>
<body style="margin:0;padding:24px;background:#fff;color:#1c1e21;font:16px/1.5 sans-serif">
<div style="max-width:560px">
<p>${escapeHtml(words.lead)}</p>
<p><a href="${url}" style="display:inline-block;padding:10px 18px;background:#1c1e21;color:#fff;text-decoration:none">${escapeHtml(words.button)}</a></p>
<p style="word-break:break-all"><a href="${url}" style="color:#1c1e21">${url}</a></p>
<p>${escapeHtml(words.token)}</p>
<p style="word-break:break-all"><code>${escapeHtml(token)}</code></p>
<p>${escapeHtml(words.ignore)}</p>
<p>${escapeHtml(app)}</p>
</div>
</body>
</html>
`;
}
