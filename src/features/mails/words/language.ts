import type { Fact, LinkTopic, NoticeTopic } from "../topics.js";

/** What is said in a mail about a link. `{app}` stands for the name of the service. */
export interface LinkWords {
  readonly subject: string;
  readonly lead: string;
  readonly button: string;
  readonly token: string;
  readonly ignore: string;
}

/** What is said in a notice: what has happened, and what to do about it. `{app}` stands for the name of the service. */
export interface NoticeWords {
  readonly subject: string;
  readonly lead: string;
  readonly advice: string;
}

/** Everything that mails say in one language. */
export interface Language {
  readonly direction: "ltr" | "rtl";
  readonly links: Readonly<Record<LinkTopic, LinkWords>>;
  readonly notices: Readonly<Record<NoticeTopic, NoticeWords>>;
  /** How each fact of a notice is called. */
  readonly facts: Readonly<Record<Fact, string>>;
  /** In place of a device that does not tell what it is. */
  readonly unknown: string;
}
