import type { Interceptor } from "@connectrpc/connect";

/** Keeps the cookies of the session and of the device where nobody else does: browsers keep cookies and hide them from scripts, Node does neither. */
export function sessionKeeper(): Interceptor[] {
  if ("document" in globalThis || "WorkerGlobalScope" in globalThis) return [];
  const cookies = new Map<string, string>();
  return [
    (next) => async (request) => {
      if (cookies.size > 0) request.header.set("cookie", [...cookies.values()].join("; "));
      const response = await next(request);
      for (const line of response.header.getSetCookie()) {
        const [pair = ""] = line.split(";");
        const name = pair.slice(0, pair.indexOf("="));
        if (pair.endsWith("=")) cookies.delete(name);
        else cookies.set(name, pair);
      }
      return response;
    },
  ];
}
