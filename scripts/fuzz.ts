/**
 * Runs the fuzz tests. `npm test` runs those that need no long search.
 *
 *   npm run test:fuzz                                    100,000 requests
 *   FUZZ_INPUTS=5000 FUZZ_SEED=7 npm run test:fuzz       so many, from another seed
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const environment = {
  FUZZ_INPUTS: "100000",
  FUZZ_SEED: String(Date.now() % 1_000_000),
  ...process.env,
  // Parts of the test support choose what to run on by these.
  ...{
    TEST_DATABASES: "sqlite",
    TEST_STORAGES: "folder",
    TEST_BROWSERS: "",
    TEST_GATEWAYS: "",
    TEST_BROKERS: "",
  },
};

const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "test/fuzz", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit", env: environment },
);
process.exit(status ?? 1);
