import type { Sample } from "./rounds.js";

/** Of the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Figures {
  readonly name: string;
  readonly cpuMicrosecondsPerRequest: Spread;
  /** CPU time of the yardstick in the same round, divided by this one's: 0.5 costs twice as much. */
  readonly cpuRatio: Spread;
  /** What one processor could do if it did nothing else. */
  readonly requestsPerCpuSecond: Spread;
  readonly requestsPerSecond: Spread;
  /** Requests per second, divided by the yardstick's in the same round. */
  readonly rateRatio: Spread;
  /** Processors that the server kept busy; well below 1 means that the client was the limit. */
  readonly serverLoad: Spread;
}

export interface Proportion {
  readonly cpu: Spread;
  readonly rate: Spread;
}

/** The figures of the case `name`; `yardstick` names the case that its ratios refer to. */
export function figuresOf(samples: readonly Sample[], name: string, yardstick: string): Figures {
  const own = samplesOf(samples, name);
  const beside = pairs(samplesOf(samples, yardstick), own);
  return {
    name,
    cpuMicrosecondsPerRequest: spreadOf(own.map(cost)),
    cpuRatio: spreadOf(beside.map(([bare, each]) => cost(bare) / cost(each))),
    requestsPerCpuSecond: spreadOf(own.map((sample) => 1e6 / cost(sample))),
    requestsPerSecond: spreadOf(own.map(rate)),
    rateRatio: spreadOf(beside.map(([bare, each]) => rate(each) / rate(bare))),
    serverLoad: spreadOf(own.map(({ cpuMicroseconds, seconds }) => cpuMicroseconds / (seconds * 1e6))),
  };
}

/** Microseconds of CPU that `more` costs over `less`, from rounds in which both ran. */
export function differenceOf(samples: readonly Sample[], more: string, less: string): Spread {
  return spreadOf(
    pairs(samplesOf(samples, more), samplesOf(samples, less)).map(([one, other]) => cost(one) - cost(other)),
  );
}

/** How many times `more` costs what `less` does, and how many times as many calls a second there were; of rounds in which both ran. */
export function proportionOf(samples: readonly Sample[], more: string, less: string): Proportion {
  const both = pairs(samplesOf(samples, more), samplesOf(samples, less));
  return {
    cpu: spreadOf(both.map(([one, other]) => cost(one) / cost(other))),
    rate: spreadOf(both.map(([one, other]) => rate(one) / rate(other))),
  };
}

const cost = ({ cpuMicroseconds, completed }: Sample): number => cpuMicroseconds / completed;
const rate = ({ completed, seconds }: Sample): number => completed / seconds;

const samplesOf = (samples: readonly Sample[], wanted: string): Sample[] =>
  samples.filter(({ name }) => name === wanted).sort((one, other) => one.round - other.round);

/** Samples of the same rounds. */
const pairs = (ones: readonly Sample[], others: readonly Sample[]): [Sample, Sample][] =>
  ones.flatMap((one) =>
    others.filter(({ round }) => round === one.round).map((other): [Sample, Sample] => [one, other]),
  );

export function spreadOf(values: readonly number[]): Spread {
  const ordered = [...values].sort((one, other) => one - other);
  const at = (index: number) => ordered[index] ?? Number.NaN;
  const middle = (ordered.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, min: at(0), max: at(ordered.length - 1) };
}
