/**
 * Runs the tests against real services, which it obtains and removes again.
 *
 *   npm test                      embedded database and MySQL, folder and S3, a browser, nginx, RabbitMQ
 *   npm run test:embedded         embedded database and folder alone, needs nothing
 *   npm test -- test/platform     any further argument goes to vitest
 */
import { join } from "node:path";
import { chromiumRecipe } from "./services/chromium.js";
import { exampleProgramsRecipe } from "./services/example-programs.js";
import { sweepLeftovers } from "./services/leftovers.js";
import { mysqlRecipe } from "./services/mysql.js";
import { nginxRecipe } from "./services/nginx.js";
import { obtainService, ServiceNotObtained } from "./services/obtain.js";
import { rabbitmqRecipe } from "./services/rabbitmq.js";
import type { ServiceRecipe } from "./services/recipe.js";
import { openRun, type Run } from "./services/run.js";
import { s3Recipe } from "./services/s3.js";
import { judge } from "./test/verdict.js";

const root = join(import.meta.dirname, "..");

async function main(environment: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> {
  const embedded = args.includes("--embedded");
  const vitestArgs = args.filter((argument) => argument !== "--embedded" && argument !== "--");
  const recipes = embedded
    ? []
    : [mysqlRecipe, s3Recipe, chromiumRecipe, nginxRecipe, rabbitmqRecipe, exampleProgramsRecipe].map(
        (recipe) => recipe(environment),
      );

  const swept = sweepLeftovers();
  if (swept > 0) print(`removed what ${swept} killed earlier run(s) had left`);
  const run = openRun();
  try {
    const services = await obtainAll(recipes, environment, run);
    print(embedded ? "Embedded mode: no service is needed." : "All services are ready.");
    return await runTests(run, { ...environment, ...services, ...kinds(embedded) }, vitestArgs);
  } catch (error) {
    if (!(error instanceof ServiceNotObtained)) throw error;
    process.stderr.write(`\n${error.message}\n\n`);
    print("0 passed, 1 failed");
    return 1;
  }
}

async function obtainAll(recipes: readonly ServiceRecipe[], environment: NodeJS.ProcessEnv, run: Run) {
  const addresses = await Promise.all(
    recipes.map((recipe) => obtainService(recipe, environment, run, print)),
  );
  return Object.assign({}, ...addresses) as Record<string, string>;
}

/** What the tests run on: nothing outside, or everything. */
const kinds = (embedded: boolean) =>
  embedded
    ? {
        ...{ TEST_DATABASES: "sqlite", TEST_MYSQL_URL: undefined },
        ...{ TEST_STORAGES: "folder", TEST_S3_URL: undefined },
        ...{ TEST_BROWSERS: "", TEST_CHROMIUM: undefined },
        ...{ TEST_GATEWAYS: "", TEST_NGINX: undefined },
        ...{ TEST_BROKERS: "", TEST_RABBITMQ: undefined },
        // Where they are missing, the examples in other languages are left out.
        TEST_PROGRAMS: "",
      }
    : {
        ...{ TEST_DATABASES: "sqlite,mysql", TEST_STORAGES: "folder,s3" },
        ...{ TEST_BROWSERS: "chromium", TEST_GATEWAYS: "nginx", TEST_BROKERS: "rabbitmq" },
      };

async function runTests(run: Run, environment: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> {
  const report = join(run.folder, "report.json");
  const vitest = run.spawn(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      ...["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
      ...args,
    ],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      // What tests leave in the temporary folder goes away with the run.
      env: { ...environment, TMPDIR: run.newFolder("tmp") },
    },
  );
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    vitest.once("error", reject);
    vitest.once("close", resolve);
  });
  const { passed, failed, objections } = judge(report, exitCode, isNarrowed(args));
  for (const objection of objections) print(objection);
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const isNarrowed = (args: readonly string[]) =>
  args.some((argument) => /^(-t|--testNamePattern)(=|$)/.test(argument));

const print = (line: string) => process.stdout.write(`${line}\n`);

// A server started for the run would keep this process alive.
process.exit(await main(process.env, process.argv.slice(2)));
