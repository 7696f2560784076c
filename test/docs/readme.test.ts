import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { aJpeg } from "../support/files.js";
import { startedApp } from "../support/start-app.js";

describeEachDatabase("the README", (database) => {
  const app = startedApp(database);

  /** The commands below a heading. */
  async function commandsBelow(heading: string): Promise<string> {
    const page = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
    return /```sh\n(.*?)```/s.exec(page.slice(page.indexOf(heading)))?.[1] ?? "";
  }

  test("leads from signing up to documents in ten lines of curl, as printed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "barong-readme-"));
    await writeFile(join(folder, "passport.jpg"), aJpeg());
    const commands = await commandsBelow("## Try");

    // Each line must succeed, and each call be answered with a 2xx.
    const script = `set -euo pipefail\n${commands.replaceAll("curl $api", "curl -sS --fail-with-body -w '\\n' $api")}`;
    const { stdout } = await promisify(execFile)(
      "bash",
      ["-c", script.replaceAll("localhost:8080", `127.0.0.1:${app.httpPort}`)],
      { cwd: folder },
    );

    expect(commands.match(/^curl /gm)).toHaveLength(10);
    const answers = stdout.trim().split("\n");
    const [labels = "", me = ""] = answers.slice(-2);
    expect(answers.slice(0, 3)).toEqual(["201", "201", expect.stringContaining('"email":"me@example.com"')]);
    expect(answers[3]).toMatch(/^authorization: Bearer \S+/i);
    expect(JSON.parse(me)).toMatchObject({ email: "me@example.com", level: 2, state: "active" });
    expect(
      JSON.parse(labels).map(({ key, value }: { key: string; value: string }) => `${key}:${value}`),
    ).toEqual([...["email:verified", "phone:verified", "profile:verified", "document:pending"]]);
  });
});
