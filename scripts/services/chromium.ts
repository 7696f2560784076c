import { programRecipe } from "./program-recipe.js";
import { output } from "./programs.js";
import type { ServiceRecipe } from "./recipe.js";

/** A browser program, for pages that have to work in a real one. */
export const chromiumRecipe = (environment: NodeJS.ProcessEnv): ServiceRecipe =>
  programRecipe(
    {
      name: "Chromium",
      variable: "TEST_CHROMIUM",
      programs: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
      debianPackage: "chromium",
      brew: "--cask chromium",
      example: "/path/to/a/chrome",
      identify: async (program) =>
        (await output(program, ["--version", "--no-sandbox"], { timeoutSeconds: 30 })).trim(),
    },
    environment,
  );
