import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

/**
 * The browser programs of this run: TEST_BROWSERS names the kinds ("chromium", or nothing), TEST_CHROMIUM says where one is. Unset, it is
 * Chromium where its place is known. A kind without its place is an error, so that nobody believes to have tested it.
 */
export function testBrowsers(): readonly string[] {
  const program = process.env.TEST_CHROMIUM;
  const kinds = (process.env.TEST_BROWSERS ?? (program ? "chromium" : "")).split(",").filter(Boolean);
  return kinds.map((kind) => {
    if (kind !== "chromium") throw new Error(`TEST_BROWSERS names ${kind}; known is chromium`);
    if (!program) throw new Error("TEST_BROWSERS names chromium, but TEST_CHROMIUM does not say where it is");
    return program;
  });
}

/** A fresh browser that speaks to this machine alone. */
export async function openBrowser(program: string): Promise<BrowserContext & { leave(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "barong-browser-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: program,
    headless: true,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  return Object.assign(context, {
    async leave() {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  });
}
