import { htmlPage } from "./mail-html.js";
import type { LinkTopic, MailFields, MailTopic } from "./topics.js";
import { FACTS } from "./topics.js";
import { plainLine } from "./values.js";
import type { LinkWords, NoticeWords } from "./words/language.js";
import { type Spoken, spokenFor } from "./words/languages.js";

export interface MailTextSettings {
  /** The name of the service. */
  readonly appName: string;
  /** Where the site is; notices end with it. */
  readonly siteUrl: string;
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

const LONGEST_APP_NAME = 100;
const LONGEST_FACT = 120;

/** Composes mails as plain text and as HTML without any remote content. */
export function createMailTexts({ appName, siteUrl, confirmUrl, resetUrl }: MailTextSettings) {
  // A line break in the name would break the subject line.
  const app = plainLine(appName, LONGEST_APP_NAME);
  const pages: Record<LinkTopic, string> = { confirmation: confirmUrl, password_reset: resetUrl };

  return (topic: MailTopic, language: string, fields: MailFields): ComposedMail => {
    const spoken = spokenFor(language);
    return isLink(topic, pages)
      ? linkMail(spoken, spoken.language.links[topic], pages[topic], fields.token ?? "")
      : notice(spoken, spoken.language.notices[topic], fields);
  };

  function linkMail(spoken: Spoken, words: LinkWords, page: string, token: string): ComposedMail {
    const link = page.replaceAll("{token}", () => encodeURIComponent(token));
    const subject = say(words.subject);
    const lead = say(words.lead);
    return {
      subject,
      text: lines(lead, link, words.token, token, words.ignore, app),
      html: htmlPage(spoken, subject, [
        { text: lead },
        { button: words.button, url: link },
        { link },
        { text: words.token },
        { code: token },
        { text: words.ignore },
        { text: app },
      ]),
    };
  }

  function notice(spoken: Spoken, words: NoticeWords, fields: MailFields): ComposedMail {
    const { facts: names, unknown } = spoken.language;
    const told = FACTS.filter((fact) => fields[fact] !== undefined);
    const facts = told.map((fact): readonly [string, string] => [
      names[fact],
      plainLine(fields[fact] ?? "", LONGEST_FACT) || unknown,
    ]);
    const [subject, lead] = [say(words.subject), say(words.lead)];
    return {
      subject,
      text: lines(
        lead,
        facts.map(([name, value]) => `${name}: ${value}`).join("\n"),
        words.advice,
        `${app}\n${siteUrl}`,
      ),
      html: htmlPage(spoken, subject, [
        { text: lead },
        { facts },
        { text: words.advice },
        { text: app },
        { link: siteUrl },
      ]),
    };
  }

  function say(sentence: string): string {
    return sentence.replaceAll("{app}", () => app);
  }
}

export type MailTexts = ReturnType<typeof createMailTexts>;

const isLink = (topic: MailTopic, pages: Record<LinkTopic, string>): topic is LinkTopic =>
  Object.hasOwn(pages, topic);

const lines = (...parts: readonly string[]): string =>
  `${parts.filter((part) => part !== "").join("\n\n")}\n`;
