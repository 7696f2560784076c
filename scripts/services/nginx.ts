import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { installPackages } from "./debian.js";
import { findProgram, output, programFolders } from "./programs.js";
import { type ServiceRecipe, Unavailable, type Way } from "./recipe.js";

const PROGRAMS = ["nginx"];
// On older systems this name brings a program built with few modules; auth_request is among them everywhere.
const DEBIAN_PACKAGES = ["nginx"];

/** An nginx program that can ask before it hands on. The tests start it themselves, each with its own configuration. */
export function nginxRecipe(environment: NodeJS.ProcessEnv): ServiceRecipe {
  const installed: Way = {
    name: "an installed nginx",
    async start() {
      const program = findProgram(PROGRAMS, programFolders(environment));
      if (program === undefined)
        throw new Unavailable(`no ${PROGRAMS.join(" or ")} on PATH or in the usual folders`);
      return { address: program, place: "on this machine" };
    },
  };
  return {
    name: "nginx",
    variable: "TEST_NGINX",
    identify: identifyNginx,
    ways: [
      installed,
      {
        name: "apt-get",
        async start(run, report) {
          await installPackages(DEBIAN_PACKAGES, report);
          await keepOut();
          return installed.start(run, report);
        },
      },
    ],
    remedies: [
      process.platform === "darwin"
        ? "brew install nginx && npm test"
        : `sudo apt-get install -y --no-install-recommends ${DEBIAN_PACKAGES.join(" ")} && npm test`,
      "TEST_NGINX=/path/to/an/nginx npm test",
    ],
  };
}

/** Where systemd runs, a newly installed nginx would serve its welcome page from the next start of the machine on. */
async function keepOut(): Promise<void> {
  if (!existsSync("/run/systemd/system")) return;
  await output("systemctl", ["disable", "--now", "nginx.service"], { timeoutSeconds: 30 }).catch(
    () => undefined,
  );
}

async function identifyNginx(program: string): Promise<string> {
  // It tells about itself where others complain.
  const { stderr } = await promisify(execFile)(program, ["-V"], { timeout: 20_000 });
  if (!stderr.includes("http_auth_request_module")) throw new Error("it is built without auth_request");
  return /nginx version: (\S+)/.exec(stderr)?.[1] ?? "nginx";
}
