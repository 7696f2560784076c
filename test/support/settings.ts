import { readConfig } from "../../src/platform/config.js";
import { BadConfiguration } from "../../src/platform/settings.js";

/** What the server has against settings, a sentence each. */
export function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
  } catch (fault) {
    if (fault instanceof BadConfiguration) return fault.problems;
    throw fault;
  }
  return [];
}
