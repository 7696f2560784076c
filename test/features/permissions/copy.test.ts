import { expect, test, vi } from "vitest";
import { createCopy } from "../../../src/features/permissions/copy.js";
import type { Permission, PermissionAction } from "../../../src/features/permissions/store.js";
import type { Logger } from "../../../src/platform/logger.js";
import { somePermission, someQuestion } from "./some.js";

function heard() {
  const lines: string[] = [];
  const write = (level: string) => (_facts: object, text: string) => void lines.push(`${level}: ${text}`);
  const logger: Logger = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: () => logger,
  };
  return { lines, logger };
}

test("nobody passes before the permissions are read", async () => {
  const { logger } = heard();
  const copy = createCopy({ store: { all: async () => [somePermission()] }, logger });

  expect(copy.current().matching(someQuestion())).toEqual([]);
  await copy.reload();
  expect(copy.current().matching(someQuestion())).toHaveLength(1);
});

test("unchanged permissions are kept as they are", async () => {
  const { logger } = heard();
  const row = somePermission();
  const copy = createCopy({ store: { all: async () => [{ ...row }] }, logger });
  await copy.reload();
  const before = copy.current();

  await copy.reload();

  expect(copy.current()).toBe(before);
});

test("an older reading that comes late does not replace a newer one", async () => {
  const { logger } = heard();
  const answers: ((rows: Permission[]) => void)[] = [];
  const all = () => new Promise<Permission[]>((resolve) => answers.push(resolve));
  const copy = createCopy({ store: { all }, logger });
  const older = copy.reload();
  const newer = copy.reload();

  answers[1]?.([]);
  await newer;
  answers[0]?.([somePermission()]);
  await older;

  expect(copy.current().matching(someQuestion())).toEqual([]);
});

test("while the database is down the last copy stays, and it is said once", async () => {
  vi.useFakeTimers();
  try {
    const { lines, logger } = heard();
    let answer = async (): Promise<Permission[]> => [somePermission()];
    const copy = createCopy({ store: { all: () => answer() }, logger });
    await copy.reload();
    copy.start();

    answer = () => Promise.reject(new Error("down"));
    await vi.advanceTimersByTimeAsync(10_000);

    expect(copy.current().matching(someQuestion())).toHaveLength(1);
    expect(lines).toEqual(["error: the permissions cannot be read; those read before stay in force"]);

    answer = async () => [];
    await vi.advanceTimersByTimeAsync(2000);

    expect(copy.current().matching(someQuestion())).toEqual([]);
    expect(lines.slice(1)).toEqual(["info: the permissions can be read again"]);
    await copy.stop();
    answer = async () => [somePermission()];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(copy.current().matching(someQuestion())).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test("a change that cannot be read when it is made is told, and in force with the next reading", async () => {
  vi.useFakeTimers();
  try {
    const { lines, logger } = heard();
    let isDown = true;
    const all = async (): Promise<Permission[]> => {
      if (isDown) throw new Error("down");
      return [somePermission()];
    };
    const copy = createCopy({ store: { all }, logger });
    copy.start();

    await copy.refresh();

    expect(lines).toEqual(["error: the permissions cannot be read; those read before stay in force"]);
    isDown = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(copy.current().matching(someQuestion())).toHaveLength(1);
    await copy.stop();
  } finally {
    vi.useRealTimers();
  }
});

test("a row that nobody understands changes nothing until it is mended", async () => {
  const { logger } = heard();
  let rows = [somePermission()];
  const copy = createCopy({ store: { all: async () => rows }, logger });
  await copy.reload();

  rows = [somePermission({ id: 7, action: "permit" as PermissionAction })];
  await expect(copy.reload()).rejects.toThrow("permission 7");
  await expect(copy.reload()).rejects.toThrow("permission 7");
  expect(copy.current().matching(someQuestion())).toHaveLength(1);

  rows = [];
  await copy.reload();
  expect(copy.current().matching(someQuestion())).toEqual([]);
});
