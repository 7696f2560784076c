// The package has no types; these are the parts that are used here.
declare module "autocannon" {
  namespace autocannon {
    interface Request {
      readonly headers?: Readonly<Record<string, string>>;
      /** Called before each request; answers what is sent. */
      setupRequest(request: Request): Request;
    }
  }

  interface Options {
    readonly url: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
    readonly requests?: readonly autocannon.Request[];
    readonly connections: number;
    /** Seconds; takes effect at the end of a sample. */
    readonly duration?: number;
    /** Calls in all, in place of a duration. */
    readonly amount?: number;
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

  function autocannon(options: Options): Promise<Result>;
  export default autocannon;
}
