import { realpathSync } from "node:fs";
import { programRecipe } from "./program-recipe.js";
import type { ServiceRecipe } from "./recipe.js";

/** The program of a broker: see test/support/rabbitmq.ts. */
export const rabbitmqRecipe = (environment: NodeJS.ProcessEnv): ServiceRecipe =>
  programRecipe(
    {
      name: "RabbitMQ",
      variable: "TEST_RABBITMQ",
      programs: ["rabbitmq-server"],
      // The programs themselves; those on PATH of Debian change the user before they begin.
      folders: ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin"],
      debianPackage: "rabbitmq-server",
      unit: "rabbitmq-server.service",
      brew: "rabbitmq",
      example: "/usr/lib/rabbitmq/bin/rabbitmq-server",
      identify: identifyRabbitmq,
    },
    environment,
  );

/** By the folder it is in: asked itself, it takes seconds and writes files into the user's home. */
async function identifyRabbitmq(program: string): Promise<string> {
  const [, version] = /rabbitmq(?:_server-|\/)(\d+(?:\.\d+)+)/.exec(realpathSync(program)) ?? [];
  return version === undefined ? "RabbitMQ" : `RabbitMQ ${version}`;
}
