import type { App } from "./app.js";
import type { Config } from "./platform/config.js";

/** What a newcomer needs after the first start, for the terminal. */
export function banner(config: Config, { httpPort, grpcPort, administrator }: App): string {
  const http = `http://localhost:${httpPort}`;
  const lines: (readonly [string, string])[] = [
    ["REST, Connect", `${http}/api/v2`],
    ["gRPC", `localhost:${grpcPort}`],
    ["Mailbox", `${http}/dev/mailbox`],
    ["Data", config.dataDir],
    ["Administrator", administrator?.email ?? "made at the first start"],
  ];
  if (administrator) {
    const password = administrator.generatedPassword;
    lines.push(["Password", password ? `${password}   (shown this once)` : "as in ADMIN_PASSWORD"]);
  }
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `  ${name.padEnd(width)}   ${value}`);
  return [
    "",
    "  Barong is listening (development mode)",
    "",
    ...table,
    "",
    "  Try",
    `    curl ${http}/api/v2/identity/users -d email=me@example.com -d password=Tecohvi0`,
    "",
    "",
  ].join("\n");
}
