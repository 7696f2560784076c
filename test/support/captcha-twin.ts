import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface CaptchaRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  /** Query and form together. */
  readonly parameters: Readonly<Record<string, string>>;
}

type Behaviour =
  | { readonly kind: "works" }
  | { readonly kind: "answers"; readonly status: number; readonly body: string }
  | { readonly kind: "is silent" };

export const GEETEST = { id: "geetest-id", key: "geetest-key", seed: "0123456789abcdef0123456789abcdef" };
export const RECAPTCHA = { secretKey: "recaptcha-secret" };

/** Geetest and reCAPTCHA in this process, with the paths, methods and parameters of the real ones; all else gets 400. */
export async function startCaptchaTwin() {
  const requests: CaptchaRequest[] = [];
  const usedResponses = new Set<string>();
  let behaviour: Behaviour = { kind: "works" };

  const server = createServer(async (request, response) => {
    const asked = await readRequest(request);
    requests.push(asked);
    if (behaviour.kind === "is silent") return;
    const { status, body } =
      behaviour.kind === "answers"
        ? behaviour
        : (answerTo(asked, usedResponses) ?? { status: 400, body: "" });
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    geetestUrl: `http://127.0.0.1:${port}`,
    recaptchaUrl: `http://127.0.0.1:${port}/recaptcha/api/siteverify`,
    requests,
    behave(next: Behaviour) {
      behaviour = next;
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a browser sends after the puzzle: accepted as long as `seccode` begins with `human`. */
export const geetestAnswer = (seccode = "human|jordan") => ({
  geetest_challenge: "challenge-1f",
  geetest_validate: md5(`${GEETEST.key}geetestchallenge-1f`),
  geetest_seccode: seccode,
});

function answerTo({ method, path, contentType, parameters }: CaptchaRequest, usedResponses: Set<string>) {
  const isForm = method === "POST" && contentType.startsWith("application/x-www-form-urlencoded");
  const has = (...names: string[]) => Object.keys(parameters).join() === names.join();

  if (method === "GET" && path === "/register.php" && has("gt")) {
    return { status: 200, body: parameters.gt === GEETEST.id ? GEETEST.seed : "0" };
  }
  if (isForm && path === "/validate.php" && has("seccode")) {
    const { seccode = "" } = parameters;
    return { status: 200, body: seccode.startsWith("human") ? md5(seccode) : "false" };
  }
  if (isForm && path === "/recaptcha/api/siteverify" && has("secret", "response")) {
    const { secret, response = "" } = parameters;
    const errors = [
      ...(secret === RECAPTCHA.secretKey ? [] : ["invalid-input-secret"]),
      ...(response.startsWith("human") ? [] : ["invalid-input-response"]),
      ...(usedResponses.has(response) ? ["timeout-or-duplicate"] : []),
    ];
    usedResponses.add(response);
    const verdict = errors.length > 0 ? { success: false, "error-codes": errors } : { success: true };
    return { status: 200, body: JSON.stringify(verdict) };
  }
  return undefined;
}

async function readRequest(request: IncomingMessage): Promise<CaptchaRequest> {
  const url = new URL(request.url ?? "/", "http://twin");
  let body = "";
  for await (const chunk of request) body += chunk;
  return {
    method: request.method ?? "",
    path: url.pathname,
    contentType: request.headers["content-type"] ?? "",
    parameters: { ...Object.fromEntries(url.searchParams), ...Object.fromEntries(new URLSearchParams(body)) },
  };
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
