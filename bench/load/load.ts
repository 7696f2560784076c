/** What a load has achieved. */
export interface Burst {
  /** Calls that were answered well. */
  readonly completed: number;
  readonly seconds: number;
}

/** Calls one method of one server, over and over. */
export interface Load {
  /** What has to happen once before the first run, and is not measured. */
  prepare?(): Promise<void>;
  /** Throws when an answer is not the expected one. */
  run(seconds: number): Promise<Burst>;
  close(): void;
}

/** Calls under way at any moment, whatever the protocol. */
export const CONCURRENCY = 32;
