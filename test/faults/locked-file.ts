import { spawn } from "node:child_process";
import { once } from "node:events";

/** Makes another process hold the write lock of a file; the answer lets it go. */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const program = `
    const file = new (require("libsql"))(process.argv[1]);
    file.exec("BEGIN IMMEDIATE");
    process.stdout.write("locked");
    process.stdin.once("end", () => file.exec("ROLLBACK")).resume();
  `;
  const child = spawn(process.execPath, ["-e", program, path], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await once(child, "close");
  };
}
