/**
 * Writes the generated pages of docs/ from the schema and the table of settings; `--check` only tells whether they are current.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationPage } from "./docs/configuration-page.js";
import { errorsPage } from "./docs/errors-page.js";
import { readSchema } from "./docs/schema.js";

const folder = join(import.meta.dirname, "..", "docs");
const pages: Record<string, string> = {
  "configuration.md": configurationPage(),
  "errors.md": errorsPage(readSchema()),
};

const stale = Object.entries(pages).filter(([name, content]) => contentOf(name) !== content);
if (!process.argv.includes("--check")) {
  for (const [name, content] of stale) writeFileSync(join(folder, name), content);
} else if (stale.length > 0) {
  console.error(`${stale.map(([name]) => `docs/${name}`).join(", ")} must be written again: npm run docs`);
  process.exitCode = 1;
}

function contentOf(name: string): string {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return "";
  }
}
