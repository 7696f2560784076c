import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/platform/clock.js";
import { createHttpSms } from "../../src/ports/sms/http-sms.js";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/sms.md"), "utf8");
const SECRET = `whsec_${Buffer.from("two dozen bytes of mine.").toString("base64")}`;
const SMS = { id: "9b2f6a04-0000-4000-8000-000000000001", to: "+447418084106", text: "012345 it is" };

test("the receiver on the page takes SMS that are signed, and no others", async () => {
  const [, program = ""] = /```js\n(.+?)```/s.exec(page) ?? [];
  const port = await freePort();
  expect(program).toContain("listen(8025)");
  const receiver = spawn(
    process.execPath,
    ["--input-type=module", "--eval", program.replace("8025", String(port))],
    { cwd: root, env: { ...process.env, SMS_HTTP_SECRET: SECRET } },
  );
  onTestFinished(() => void receiver.kill());
  let output = "";
  receiver.stdout.on("data", (chunk) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(() => fetch(url).then(({ status }) => status), { timeout: 10_000 }).toBe(401);

  await createHttpSms({ url, secret: SECRET }, systemClock).send(SMS);
  const forged = createHttpSms({ url, secret: `whsec_${"AB".repeat(16)}` }, systemClock).send(SMS);

  await expect(forged).rejects.toMatchObject({ code: "HTTP 401" });
  await expect.poll(() => output).toBe(`${SMS.id} ${SMS.to} ${SMS.text}\n`);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
