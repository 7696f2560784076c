import { existsSync, readFileSync } from "node:fs";

const LOOK_EVERY_MILLISECONDS = 500;
// npm starts a shell, the shell starts the tsx launcher, and that starts us.
const GENERATIONS = 3;

/**
 * Calls back once when the command that started this process is gone. npm, when it is terminated, ends the shell it has
 * started but not the programs below it, and these would go on testing for nobody.
 */
export function whenAbandoned(callback: () => void): void {
  const atStart = ancestors();
  const timer = setInterval(() => {
    if (ancestors() === atStart) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MILLISECONDS);
  timer.unref();
}

/** The process numbers above us, nearest first; the parent alone where there is no /proc. */
function ancestors(): string {
  const line = [process.ppid];
  for (let parent = line[0]; parent !== undefined && line.length < GENERATIONS; parent = line.at(-1)) {
    const file = `/proc/${parent}/stat`;
    if (!existsSync(file)) break;
    // The program name, second and in parentheses, may contain spaces; the state and the parent follow it.
    line.push(Number(readFileSync(file, "utf8").split(") ").at(-1)?.split(" ")[1]));
  }
  return line.join(" ");
}
