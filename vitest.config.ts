import { configDefaults, defineConfig } from "vitest/config";

/** Whether a run has something: the variable that names its kinds decides, else the one that says where it is. */
const has = (kinds: string | undefined, place: string | undefined): boolean => (kinds ?? place ?? "") !== "";

// Without what they are about these files have no test, which vitest takes for a mistake.
const withoutTests = [
  has(process.env.TEST_BROWSERS, process.env.TEST_CHROMIUM) ? [] : ["test/client/example.test.ts"],
  has(process.env.TEST_GATEWAYS, process.env.TEST_NGINX) ? [] : ["test/gateways/**"],
  has(process.env.TEST_BROKERS, process.env.TEST_RABBITMQ) ? [] : ["test/brokers/**"],
  // A search of several minutes on a busy machine: `npm run test:fuzz`.
  process.env.FUZZ_INPUTS ? [] : ["test/fuzz/costs.test.ts"],
].flat();

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...withoutTests],
    environment: "node",
    globals: false,
    pool: "forks",
    // Each fork keeps databases open and hashes passwords; more of them than this only wait for each other.
    maxWorkers: 2,
    // Against tests that hang, not slow ones: processes, hashes and a browser share two cores here and there.
    testTimeout: 40_000,
    hookTimeout: 60_000,
    // A forgotten `.only` would silently leave out the rest of its file.
    allowOnly: false,
    passWithNoTests: false,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
