import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
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
