import { german } from "./de.js";
import { english } from "./en.js";
import { spanish } from "./es.js";
import { french } from "./fr.js";
import type { Language } from "./language.js";
import { russian } from "./ru.js";
import { turkish } from "./tr.js";
import { ukrainian } from "./uk.js";
import { chinese } from "./zh.js";

/** The languages that mails speak, by ISO 639 code. English is the one that others fall back to. */
export const languages: ReadonlyMap<string, Language> = new Map([
  ["en", english],
  ["de", german],
  ["es", spanish],
  ["fr", french],
  ["ru", russian],
  ["tr", turkish],
  ["uk", ukrainian],
  ["zh", chinese],
]);

export interface Spoken {
  /** ISO 639. */
  readonly code: string;
  readonly language: Language;
}

/** The best of our languages for a tag such as `pt-BR`. */
export function spokenFor(tag: string): Spoken {
  for (const code of languageChain(tag)) {
    const language = languages.get(code);
    if (language) return { code, language };
  }
  return { code: "en", language: english };
}

/** From the most to the least special, then English: `pt-BR` asks for `pt-br`, `pt` and `en`. */
export function languageChain(tag: string): string[] {
  const subtags = tag.toLowerCase().split(/[-_]/).slice(0, 4);
  const longer = subtags.map((_subtag, index) => subtags.slice(0, subtags.length - index).join("-"));
  return [...longer, "en"];
}
