import { escapeHtml } from "../platform/html.js";

/** Escaped, with every http and https address as a link. */
export function withLinks(text: string): string {
  const addresses = /(https?:\/\/[^\s<>"']+)/;
  // Splitting by a group puts the addresses at the odd places.
  return text
    .split(addresses)
    .map((part, index) => (index % 2 === 1 ? linkTo(part) : escapeHtml(part)))
    .join("");
}

export interface Page {
  readonly title: string;
  /** HTML. */
  readonly head?: string;
  /** HTML. */
  readonly body: string;
  /** Allows this page's own style and script and nothing else. */
  readonly nonce: string;
  readonly script?: string;
}

export function renderPage({ title, head = "", body, nonce, script }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title>
${head}<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
${script === undefined ? "" : `<script nonce="${nonce}">${script}</script>\n`}</body>
</html>
`;
}

/** Nothing from elsewhere, in nobody's frame, forms to this server only. */
export const policyFor = (nonce: string): string =>
  [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "form-action 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** For a mail in a frame of ours: it looks as it will, and neither loads nor does anything. */
export const MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";

function linkTo(address: string): string {
  const url = escapeHtml(address);
  return `<a href="${url}">${url}</a>`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --quiet: #777 }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem }
h1 { font-size: 1.4rem; margin: 0 0 .25rem }
h2 { font-size: 1rem; margin: 0 }
p { margin: .25rem 0 1rem }
.quiet { color: var(--quiet); font-size: .875rem }
article { border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin: 1rem 0 }
article .quiet { margin: 0 0 .75rem }
pre { margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere }
label { display: block; margin: 1rem 0 0 }
input { display: block; box-sizing: border-box; width: 100%; font: inherit; padding: .5rem; margin: .25rem 0 0 }
iframe { width: 100%; height: 28rem; border: 1px solid var(--line); background: #fff; margin: 0 0 1rem }
th { text-align: left; font-weight: normal; padding: 0 1rem 0 0 }
button { font: inherit; padding: .5rem 1rem; margin: 1rem 0 }
output { display: block; min-height: 1.5em }
`;
