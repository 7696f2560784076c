// The package has no types; these are the parts that are used here.
declare module "autocannon" {
  interface Options {
    readonly url: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
    readonly connections: number;
    /** Seconds; takes effect at the end of a sample. */
    readonly duration: number;
    /** Milliseconds. */
    readonly sampleInt: number;
  }

  interface Result {
    /** Seconds, with two places. */
    readonly duration: number;
    readonly errors: number;
    readonly non2xx: number;
    readonly "2xx": number;
  }

  export default function autocannon(options: Options): Promise<Result>;
}
