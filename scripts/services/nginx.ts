import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programRecipe } from "./program-recipe.js";
import type { ServiceRecipe } from "./recipe.js";

/** An nginx program that can ask before it hands on. */
export const nginxRecipe = (environment: NodeJS.ProcessEnv): ServiceRecipe =>
  programRecipe(
    {
      name: "nginx",
      variable: "TEST_NGINX",
      programs: ["nginx"],
      // On older systems this name brings a program built with few modules; auth_request is among them everywhere.
      debianPackage: "nginx",
      unit: "nginx.service",
      brew: "nginx",
      example: "/path/to/an/nginx",
      identify: identifyNginx,
    },
    environment,
  );

async function identifyNginx(program: string): Promise<string> {
  // It tells about itself where others complain.
  const { stderr } = await promisify(execFile)(program, ["-V"], { timeout: 20_000 });
  if (!stderr.includes("http_auth_request_module")) throw new Error("it is built without auth_request");
  return /nginx version: (\S+)/.exec(stderr)?.[1] ?? "nginx";
}
