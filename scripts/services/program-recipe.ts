import { existsSync } from "node:fs";
import { installPackages } from "./debian.js";
import { findProgram, output, programFolders } from "./programs.js";
import { type ServiceRecipe, Unavailable, type Way } from "./recipe.js";

/** A program that the tests start themselves, each with its own configuration. */
export interface ProgramTraits {
  readonly name: string;
  /** The environment variable under which the tests read where it is. */
  readonly variable: string;
  /** What it may be called, the best first. */
  readonly programs: readonly string[];
  /** Where it is besides PATH, the best first. */
  readonly folders?: readonly string[];
  readonly debianPackage: string;
  /** What of the package systemd would start with the machine. */
  readonly unit?: string;
  readonly brew: string;
  /** Where it might be, for whoever has it elsewhere. */
  readonly example: string;
  readonly identify: (program: string) => Promise<string>;
}

/** Finds a program, or installs it. */
export function programRecipe(traits: ProgramTraits, environment: NodeJS.ProcessEnv): ServiceRecipe {
  const { name, variable, programs, folders = [], debianPackage, unit, brew, example, identify } = traits;
  const installed: Way = {
    name: `an installed ${name}`,
    async start() {
      const program = findProgram(programs, [...folders, ...programFolders(environment)]);
      if (program === undefined)
        throw new Unavailable(`no ${programs.join(" or ")} on PATH or in the usual folders`);
      return { address: program, place: "on this machine" };
    },
  };
  return {
    name,
    variable,
    identify,
    ways: [
      installed,
      {
        name: "apt-get",
        async start(run, report) {
          await installPackages([debianPackage], report);
          if (unit !== undefined) await keepOut(unit);
          return installed.start(run, report);
        },
      },
    ],
    remedies: [
      process.platform === "darwin"
        ? `brew install ${brew} && npm test`
        : `sudo apt-get install -y --no-install-recommends ${debianPackage} && npm test`,
      `${variable}=${example} npm test`,
    ],
  };
}

/** Where systemd runs, what was newly installed would serve from the next start of the machine on. */
async function keepOut(unit: string): Promise<void> {
  if (!existsSync("/run/systemd/system")) return;
  await output("systemctl", ["disable", "--now", unit], { timeoutSeconds: 60 }).catch(() => undefined);
}
