/**
 * Writes the generated pages of docs/ from the schema and the table of settings; `--check` only tells whether they are current.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { asyncapiDocument } from "./asyncapi/document.js";
import { configurationPage } from "./docs/configuration-page.js";
import { errorsPage } from "./docs/errors-page.js";
import { readSchema } from "./docs/schema.js";

const folder = join(import.meta.dirname, "..", "docs");
const schema = readSchema();
const { version } = JSON.parse(readFileSync(join(folder, "../package.json"), "utf8")) as { version: string };
const pages: Record<string, string> = {
  "configuration.md": configurationPage(),
  "errors.md": errorsPage(schema),
  "asyncapi/asyncapi.json": `${JSON.stringify(asyncapiDocument(schema, version), null, 2)}\n`,
};

const stale = Object.entries(pages).filter(([name, content]) => contentOf(name) !== content);
if (!process.argv.includes("--check")) {
  for (const [name, content] of stale) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
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
