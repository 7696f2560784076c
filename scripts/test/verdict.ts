import { existsSync, readFileSync } from "node:fs";

/** Full names of tests which may be skipped without failing the run. It is meant to stay empty. */
const ALLOWED_SKIPS: ReadonlySet<string> = new Set();

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** Why the run fails although every test that ran has passed; one line each. */
  readonly objections: readonly string[];
}

/** What a run of vitest amounts to. `narrowed`: the caller chose tests by name, so that others are left out on purpose. */
export function judge(reportFile: string, exitCode: number | null, narrowed: boolean): Verdict {
  const files = readReport(reportFile);
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter(({ status }) => status === "passed").length;
  const failures = tests.filter(({ status }) => status === "failed").length;
  const leftOut = narrowed
    ? []
    : tests.filter(({ status, fullName }) => !RAN.has(status) && !ALLOWED_SKIPS.has(fullName));
  // A file that cannot be loaded has no tests to fail.
  const broken = files.filter((file) => file.status === "failed" && !file.assertionResults.some(hasFailed));

  const objections = [
    ...leftOut.map(({ fullName, status }) => `${status}, which counts as a failure: ${fullName}`),
    ...broken.map(({ name, message }) => `failed outside its tests: ${name} ${message.split("\n")[0] ?? ""}`),
  ];
  if (failures + objections.length === 0) {
    if (passed === 0) objections.push("no test ran");
    else if (exitCode !== 0) objections.push(`vitest ended with ${exitCode ?? "a signal"}, see above`);
  }
  return { passed, failed: failures + objections.length, objections };
}

/** The parts of vitest's JSON report we read. */
interface ReportedFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly ReportedTest[];
}

interface ReportedTest {
  readonly fullName: string;
  readonly status: string;
}

const RAN: ReadonlySet<string> = new Set(["passed", "failed"]);

const hasFailed = ({ status }: ReportedTest) => status === "failed";

function readReport(file: string): readonly ReportedFile[] {
  if (!existsSync(file)) return [];
  const report: { testResults: readonly ReportedFile[] } = JSON.parse(readFileSync(file, "utf8"));
  return report.testResults;
}
