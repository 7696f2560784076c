import { installPackages } from "./debian.js";
import { findProgram, output, programFolders } from "./programs.js";
import { type ServiceRecipe, Unavailable, type Way } from "./recipe.js";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DEBIAN_PACKAGES = ["chromium"];

/** A browser program, for pages that have to work in a real one. */
export function chromiumRecipe(environment: NodeJS.ProcessEnv): ServiceRecipe {
  const installed: Way = {
    name: "an installed browser",
    async start() {
      const program = findProgram(PROGRAMS, programFolders(environment));
      if (program === undefined) throw new Unavailable(`no ${PROGRAMS.join(" or ")} on PATH`);
      return { address: program, place: "on this machine" };
    },
  };
  return {
    name: "Chromium",
    variable: "TEST_CHROMIUM",
    identify: async (program) =>
      (await output(program, ["--version", "--no-sandbox"], { timeoutSeconds: 30 })).trim(),
    ways: [
      installed,
      {
        name: "apt-get",
        async start(run, report) {
          await installPackages(DEBIAN_PACKAGES, report);
          return installed.start(run, report);
        },
      },
    ],
    remedies: [
      process.platform === "darwin"
        ? "brew install --cask chromium && npm test"
        : `sudo apt-get install -y --no-install-recommends ${DEBIAN_PACKAGES.join(" ")} && npm test`,
      "TEST_CHROMIUM=/path/to/a/chrome npm test",
    ],
  };
}
