import autocannon from "autocannon";
import { CONCURRENCY, type Load } from "./load.js";

export interface HttpCall {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One call at a time on each of many HTTP/1.1 connections. */
export function httpLoad(call: HttpCall): Load {
  return {
    async run(seconds) {
      const result = await autocannon({
        ...call,
        connections: CONCURRENCY,
        duration: seconds,
        sampleInt: 50,
      });
      const { errors, non2xx, duration } = result;
      if (errors > 0 || non2xx > 0 || result["2xx"] === 0) {
        throw new Error(`${call.url}: ${result["2xx"]} good answers, ${non2xx} others, ${errors} errors`);
      }
      return { completed: result["2xx"], seconds: duration };
    },
    close() {},
  };
}
