import type { App } from "./app.js";
import type { Administrator } from "./features/registration/first-administrator.js";
import type { Config } from "./platform/config.js";

/** What a newcomer needs after the first start, for the terminal. */
export function banner(config: Config, { httpPort, grpcPort, administrator }: App): string {
  const http = `http://localhost:${httpPort}`;
  const lines: Line[] = [
    ["REST, Connect", `${http}/api/v2`],
    ["gRPC", `localhost:${grpcPort}`],
    ["Mailbox", `${http}/dev/mailbox`],
    ["Data", config.dataDir],
    ...administration(config, administrator),
  ];
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

type Line = readonly [string, string];

function administration({ admin }: Config, administrator: Administrator | undefined): Line[] {
  if (!administrator) return [["Administrator", `none: ${admin.email} is a member`]];
  const { email, made, generatedPassword } = administrator;
  if (made === "earlier") return [["Administrator", `${email} (made at the first start)`]];
  const password = generatedPassword ? `${generatedPassword}   (shown this once)` : "as in ADMIN_PASSWORD";
  return [
    ["Administrator", email],
    ["Password", password],
  ];
}
