import type { Run } from "./run.js";

/** How the tests come by one service of the outside world, such as a database server. */
export interface ServiceRecipe {
  readonly name: string;
  /** The environment variable under which the tests read the address; a value given by the caller is used as it is. */
  readonly variable: string;
  /** Answers what stands behind the address, such as "MariaDB 10.11.19"; rejects when it does not serve. */
  readonly identify: (address: string) => Promise<string>;
  /** Tried in this order until one works. */
  readonly ways: readonly Way[];
  /** Commands for a person to choose from when no way works. */
  readonly remedies: readonly string[];
}

export interface Way {
  readonly name: string;
  /** Starts the service for this run. Throws `Unavailable` where the way does not exist on this machine. */
  readonly start: (run: Run, report: Report) => Promise<StartedService>;
}

export interface StartedService {
  readonly address: string;
  /** Where it runs, for the reader of the log: "private, /usr/sbin/mariadbd, port 40123". */
  readonly place: string;
}

/** Prints one progress line. */
export type Report = (line: string) => void;

/** This machine does not offer the way; the next one is tried. The message says why, in a few words. */
export class Unavailable extends Error {}
