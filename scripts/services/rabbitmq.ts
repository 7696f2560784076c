import { existsSync, realpathSync } from "node:fs";
import { installPackages } from "./debian.js";
import { findProgram, output, programFolders } from "./programs.js";
import { type ServiceRecipe, Unavailable, type Way } from "./recipe.js";

const PROGRAMS = ["rabbitmq-server"];
const DEBIAN_PACKAGES = ["rabbitmq-server"];
/** The programs themselves; those on PATH of Debian change the user before they begin. */
const FOLDERS = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin"];

/** The program of a broker. The tests start it themselves, so that they can kill it: see test/support/rabbitmq.ts. */
export function rabbitmqRecipe(environment: NodeJS.ProcessEnv): ServiceRecipe {
  const installed: Way = {
    name: "an installed RabbitMQ",
    async start() {
      const program = findProgram(PROGRAMS, [...FOLDERS, ...programFolders(environment)]);
      if (program === undefined)
        throw new Unavailable(`no ${PROGRAMS.join(" or ")} on PATH or in the usual folders`);
      return { address: program, place: "on this machine" };
    },
  };
  return {
    name: "RabbitMQ",
    variable: "TEST_RABBITMQ",
    identify: identifyRabbitmq,
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
        ? "brew install rabbitmq && npm test"
        : `sudo apt-get install -y --no-install-recommends ${DEBIAN_PACKAGES.join(" ")} && npm test`,
      "TEST_RABBITMQ=/usr/lib/rabbitmq/bin/rabbitmq-server npm test",
    ],
  };
}

/** Where systemd runs, a newly installed broker would run from the next start of the machine on. */
async function keepOut(): Promise<void> {
  if (!existsSync("/run/systemd/system")) return;
  await output("systemctl", ["disable", "--now", "rabbitmq-server.service"], { timeoutSeconds: 60 }).catch(
    () => undefined,
  );
}

/** By the folder it is in: asked itself, it takes seconds and writes files into the user's home. */
async function identifyRabbitmq(program: string): Promise<string> {
  const [, version] = /rabbitmq(?:_server-|\/)(\d+(?:\.\d+)+)/.exec(realpathSync(program)) ?? [];
  return version === undefined ? "RabbitMQ" : `RabbitMQ ${version}`;
}
