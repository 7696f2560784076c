import autocannon from "autocannon";
import { CONCURRENCY, type Load } from "./load.js";

export interface HttpCall {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Further headers of the next request, where no two are alike. */
  readonly nextHeaders?: () => Readonly<Record<string, string>>;
}

/** One call at a time on each of many HTTP/1.1 connections; `callsBefore` of them before anything is measured. */
export function httpLoad({ nextHeaders, ...call }: HttpCall, callsBefore = 0): Load {
  const options = {
    ...call,
    connections: CONCURRENCY,
    sampleInt: 50,
    ...(nextHeaders && { requests: [withHeaders(nextHeaders)] }),
  };
  const run = async (extent: { readonly duration: number } | { readonly amount: number }) => {
    const result = await autocannon({ ...options, ...extent });
    const { errors, non2xx, duration } = result;
    if (errors > 0 || non2xx > 0 || result["2xx"] === 0) {
      throw new Error(`${call.url}: ${result["2xx"]} good answers, ${non2xx} others, ${errors} errors`);
    }
    return { completed: result["2xx"], seconds: duration };
  };
  return {
    async prepare() {
      if (callsBefore > 0) await run({ amount: callsBefore });
    },
    run: (seconds) => run({ duration: seconds }),
    close() {},
  };
}

const withHeaders = (nextHeaders: () => Readonly<Record<string, string>>): autocannon.Request => ({
  setupRequest: (request) => ({ ...request, headers: { ...request.headers, ...nextHeaders() } }),
});
