import { uuid } from "../platform/random.js";

/** The caller's id for its request when it is fit for a log line, else one of our own. */
export function requestIdOf(sent: string | readonly string[] | undefined): string {
  return typeof sent === "string" && /^[\w.:/+=-]{1,64}$/.test(sent) ? sent : uuid();
}
