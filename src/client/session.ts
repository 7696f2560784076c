import type { Interceptor } from "@connectrpc/connect";

/** Keeps the session where nobody else does: browsers keep cookies and hide them from scripts, Node does neither. */
export function sessionKeeper(): Interceptor[] {
  if ("document" in globalThis || "WorkerGlobalScope" in globalThis) return [];
  let cookie: string | undefined;
  return [
    (next) => async (request) => {
      if (cookie !== undefined) request.header.set("cookie", cookie);
      const response = await next(request);
      for (const line of response.header.getSetCookie()) {
        const [pair = ""] = line.split(";");
        cookie = pair.endsWith("=") ? undefined : pair;
      }
      return response;
    },
  ];
}
