/** Path and query of a request target, also of the absolute form that proxies are sent. */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.startsWith("/") ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  if (mark === -1) return { path: local, query: "" };
  return { path: local.slice(0, mark), query: local.slice(mark + 1) };
}
