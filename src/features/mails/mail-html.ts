import { escapeHtml } from "../../platform/html.js";
import type { Spoken } from "./words/languages.js";

/** One part of a mail, from top to bottom. All texts are plain. */
export type Part =
  | { readonly text: string }
  | { readonly button: string; readonly url: string }
  | { readonly link: string }
  | { readonly code: string }
  | { readonly facts: readonly (readonly [name: string, value: string])[] };

/** A mail as HTML that loads nothing: no pictures, no fonts, no style sheets. */
export const htmlPage = (
  { code, language }: Spoken,
  title: string,
  parts: readonly Part[],
): string => `<!doctype html>
<html lang="${code}" dir="${language.direction}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head>
<body style="margin:0;padding:24px;background:#fff;color:#1c1e21;font:16px/1.5 sans-serif">
<div style="max-width:560px">
${parts.map(partHtml).join("\n")}
</div>
</body>
</html>
`;

function partHtml(part: Part): string {
  if ("text" in part) return `<p>${escapeHtml(part.text)}</p>`;
  if ("link" in part)
    return `<p style="word-break:break-all">${anchor(part.link, part.link, "color:#1c1e21")}</p>`;
  if ("code" in part) return `<p style="word-break:break-all"><code>${escapeHtml(part.code)}</code></p>`;
  if ("button" in part) return `<p>${anchor(part.url, part.button, BUTTON)}</p>`;
  return `<table style="border-spacing:0">\n${part.facts.map(row).join("\n")}\n</table>`;
}

const BUTTON = "display:inline-block;padding:10px 18px;background:#1c1e21;color:#fff;text-decoration:none";

const anchor = (url: string, text: string, style: string): string =>
  `<a href="${escapeHtml(url)}" style="${style}">${escapeHtml(text)}</a>`;

// Apart from the words around it, a value keeps its own direction.
const row = ([name, value]: readonly [string, string]): string =>
  `<tr><td style="padding:0 16px 0 0;color:#606770">${escapeHtml(name)}</td><td><bdi>${escapeHtml(value)}</bdi></td></tr>`;
