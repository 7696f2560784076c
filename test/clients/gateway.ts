import { rest } from "../support/rest.js";
import type { Started } from "../support/start-app.js";

export interface BrowserAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export interface BrowserRequest {
  readonly json?: unknown;
  readonly multipart?: FormData;
}

/**
 * A browser behind the stock gateway of Barong 2: each request is first asked about at `/api/v2/auth/<path>` with its own method, and
 * then passed on with the token, its prefix `/api/v2/barong` replaced by `/api/v2/`, which leaves a slash too many. Content-Type is only
 * sent where there is a body, as axios does.
 */
export class BrowserBehindGateway {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly app: Started) {}

  async call(method: string, path: string, { json, multipart }: BrowserRequest = {}): Promise<BrowserAnswer> {
    const jar = [...this.cookies.values()].join("; ");
    const cookie: Record<string, string> = jar === "" ? {} : { cookie: jar };
    const accept = { accept: "application/json, text/plain, */*" };
    const verdict = await rest(this.app, method, `/auth/api/v2/barong${path}`, { headers: cookie });
    if (verdict.status !== 200) return verdict;
    const authorization = verdict.headers.get("authorization");
    const answer = await rest(this.app, method, `/${path}`, {
      headers: { ...accept, ...cookie, ...(authorization !== null && { authorization }) },
      ...(json !== undefined && { json }),
      ...(multipart !== undefined && { multipart }),
    });
    this.remember(answer.headers);
    return answer;
  }

  get(path: string): Promise<BrowserAnswer> {
    return this.call("GET", path);
  }

  post(path: string, json?: unknown): Promise<BrowserAnswer> {
    return this.call("POST", path, json === undefined ? {} : { json });
  }

  private remember(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      if (pair.endsWith("=")) this.cookies.delete(name);
      else this.cookies.set(name, pair);
    }
  }
}
