import { settings } from "../../src/platform/config-table.js";
import type { Setting } from "../../src/platform/settings.js";

const HEAD = `# Configuration

<!-- Written by \`npm run docs\` from src/platform/config-table.ts. -->

Environment variables. An empty one counts as absent. Settings marked * are needed in production (\`NODE_ENV=production\`), where the
server refuses to start without them and names all that is missing at once; in development they have the default given. Names in
brackets are accepted too, most of them from Barong 2.

| setting | kind | default | what it does |
| --- | --- | --- | --- |
`;

const TAIL = `
## Making keys

\`\`\`sh
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out jwt.pem    # JWT_PRIVATE_KEY_PATH
echo "k1:$(openssl rand -base64 32)"                                         # SECRETS_KEYS
\`\`\`

To rotate \`SECRETS_KEYS\`, put the new key first and keep the old one behind it. How to change the keys
of tokens is told in [jwt.md](jwt.md).
`;

export function configurationPage(): string {
  const rows = Object.values(settings).map((setting) => row(setting));
  return `${HEAD}${rows.join("\n")}\n${TAIL}`;
}

function row({ name, aliases, kind, fallback, about, neededInProduction }: Setting<unknown>): string {
  const star = neededInProduction ? " *" : "";
  const others = aliases.length === 0 ? "" : ` (${aliases.map((alias) => `\`${alias}\``).join(", ")})`;
  const standard = fallback === undefined || fallback === "" ? "" : `\`${fallback}\``;
  return `| \`${name}\`${star}${others} | ${cell(kind.name)} | ${cell(standard)} | ${cell(about)} |`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
