import { installPackages } from "./debian.js";
import { findProgram, output, programFolders } from "./programs.js";
import { type ServiceRecipe, Unavailable, type Way } from "./recipe.js";

/** Each with what makes it tell its version. */
const PROGRAMS: Readonly<Record<string, string>> = {
  python3: "--version",
  openssl: "version",
  curl: "--version",
};
const NAMES = Object.keys(PROGRAMS);

/** What runs the examples of the documentation, besides Node. Debian's packages are called as the programs are. */
export function exampleProgramsRecipe(environment: NodeJS.ProcessEnv): ServiceRecipe {
  const installed: Way = {
    name: "installed programs",
    async start() {
      const folders = programFolders(environment);
      const missing = NAMES.filter((name) => findProgram([name], folders) === undefined);
      if (missing.length > 0) throw new Unavailable(`no ${missing.join(", no ")} on PATH`);
      return { address: NAMES.join(), place: "on this machine" };
    },
  };
  return {
    name: "Programs of examples",
    variable: "TEST_PROGRAMS",
    identify: async (names) => (await Promise.all(names.split(",").map(versionOf))).join(", "),
    ways: [
      installed,
      {
        name: "apt-get",
        async start(run, report) {
          await installPackages(NAMES, report);
          return installed.start(run, report);
        },
      },
    ],
    remedies: [
      process.platform === "darwin"
        ? `brew install ${NAMES.join(" ")} && npm test`
        : `sudo apt-get install -y --no-install-recommends ${NAMES.join(" ")} && npm test`,
    ],
  };
}

async function versionOf(name: string): Promise<string> {
  const told = await output(name, [PROGRAMS[name] ?? "--version"], { timeoutSeconds: 20 });
  return told.split(" ").slice(0, 2).join(" ");
}
