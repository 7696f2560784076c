import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type TestDatabase, testDatabases } from "../databases.js";
import { type Started, type StartOptions, start } from "../start-app.js";
import type { CaptchaTwin } from "./captcha-twin.js";

interface Options extends StartOptions {
  /** The first one under test unless given: the vendor does not care. */
  readonly database?: TestDatabase;
}

/** The server with a captcha vendor, for the tests of the surrounding `describe`. */
export function startedWith<Twin extends CaptchaTwin>(
  startTwin: () => Promise<Twin>,
  { environment = {}, database, ...options }: Options = {},
) {
  const [first] = testDatabases() as [TestDatabase];
  const running: { twin?: Twin; app?: Started & { stop(): Promise<void> } } = {};
  beforeAll(async () => {
    running.twin = await startTwin();
    running.app = await start(database ?? first, {
      ...options,
      environment: { ...running.twin.environment, ...environment },
    });
  });
  beforeEach(() => running.twin?.behave({ kind: "works" }));
  // What the vendor would not take from us.
  afterEach(() => expect(running.twin?.faults).toEqual([]));
  afterAll(async () => {
    await running.app?.stop();
    await running.twin?.stop();
  });
  return () => {
    const { twin, app } = running;
    if (!twin || !app) throw new Error("the server is started by beforeAll");
    return { twin, app };
  };
}
