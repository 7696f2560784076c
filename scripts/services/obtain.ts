import type { Report, ServiceRecipe, StartedService } from "./recipe.js";
import { Unavailable } from "./recipe.js";
import type { Run } from "./run.js";

/** No way of a recipe works here; the message is complete enough to act on. */
export class ServiceNotObtained extends Error {}

/**
 * Makes one service available for the run and answers the environment variables which point the tests to it.
 * Rejects with `ServiceNotObtained` when the given address does not answer or no way works.
 */
export async function obtainService(
  recipe: ServiceRecipe,
  environment: NodeJS.ProcessEnv,
  run: Run,
  print: Report,
): Promise<Record<string, string>> {
  const report: Report = (line) => print(`${recipe.name}: ${line}`);
  const begin = performance.now();
  const given = environment[recipe.variable];
  const { address, place } = given ? fromCaller(recipe, given) : await startOne(recipe, run, report);
  const product = await recipe.identify(address).catch((error: unknown) => {
    throw new ServiceNotObtained(`${recipe.name} does not answer at ${place}: ${messageOf(error)}`);
  });
  report(`${product} (${place}), ready after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return { [recipe.variable]: address };
}

// Somebody who names a server wants that one tested; quietly taking another would hide a mistyped address.
const fromCaller = (recipe: ServiceRecipe, address: string): StartedService => ({
  address,
  place: `the address in ${recipe.variable}`,
});

async function startOne(recipe: ServiceRecipe, run: Run, report: Report): Promise<StartedService> {
  const reasons = [`${recipe.variable}: not set`];
  for (const way of recipe.ways) {
    try {
      return await way.start(run, report);
    } catch (error) {
      const reason = `${way.name}: ${messageOf(error)}`;
      // What should have worked is told at once, even if a later way then does.
      if (!(error instanceof Unavailable)) report(reason);
      reasons.push(reason);
    }
  }
  throw new ServiceNotObtained(
    [
      `${recipe.name} is needed, and there is no way to get it here.`,
      ...reasons.map((reason) => `  ${reason}`),
      "One of these helps:",
      ...recipe.remedies.map((command) => `  ${command}`),
      "The tests of the embedded mode need no service: npm run test:embedded",
    ].join("\n"),
  );
}

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.message.trim() || ("code" in error ? String(error.code) : error.name);
};
