import { findOperation, type Operation, type Response, resolved } from "./document.js";
import { faultsOfRequest, type Request } from "./request.js";
import { checkJson, checkText } from "./schemas.js";

/** A request and what came back. */
export interface Exchange extends Request {
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly status: number;
  /** The text of the answer. */
  readonly answer: string;
  readonly headers: Headers;
}

/** Throws when an answer is not one that the OpenAPI document promises, or when a request succeeded that it does not allow. */
export function validateExchange(exchange: Exchange): void {
  const faults = faultsOf(exchange);
  if (faults.length === 0) return;
  const { method, path, status, answer } = exchange;
  const told = faults.map((fault) => `\n- ${fault}`).join("");
  throw new Error(
    `${method} ${path} answered ${status} ${answer.slice(0, 500)}, against the document:${told}`,
  );
}

function faultsOf(exchange: Exchange): string[] {
  const found = findOperation(exchange.method, exchange.path);
  if (found === undefined) return faultsOfNoPath(exchange);
  const { operation, values } = found;
  if (operation === undefined) return faultsOfNoMethod(exchange);
  const faults = faultsOfAnswer(operation, exchange);
  const isSuccess = exchange.status >= 200 && exchange.status <= 299;
  const asked = isSuccess ? faultsOfRequest(operation, values, exchange) : [];
  return [...faults, ...asked].map((fault) => `${operation.operationId}: ${fault}`);
}

function faultsOfNoPath({ path, status, answer }: Exchange): string[] {
  if (isReadable(path)) return expected(404, { error: "Route is not found" }, status, answer);
  return expected(400, { errors: ["request.malformed_url"] }, status, answer);
}

function faultsOfNoMethod({ status, answer, headers }: Exchange): string[] {
  return [
    ...expected(405, { errors: ["request.method_not_allowed"] }, status, answer),
    ...(headers.has("allow") ? [] : ["the header Allow is missing"]),
  ];
}

function expected(status: number, body: object, actualStatus: number, answer: string): string[] {
  const wanted = JSON.stringify(body);
  return status === actualStatus && answer === wanted
    ? []
    : [`the document has no such operation: ${status} ${wanted}`];
}

function faultsOfAnswer({ responses }: Operation, { method, status, answer, headers }: Exchange): string[] {
  const described = responses[status];
  if (described === undefined) return [`the status ${status} is not described`];
  const response = resolved(described);
  const faults = Object.entries(response.headers ?? {}).flatMap(([name, part]) => {
    const { required, schema } = resolved(part);
    const value = headers.get(name);
    if (value === null) return required ? [`the header ${name} is missing`] : [];
    const fault = checkText(schema, value);
    return fault === undefined ? [] : [`the header ${name}${fault}`];
  });
  if (method === "HEAD") return faults;
  return [...faults, ...faultsOfContent(response.content, answer, headers)];
}

function faultsOfContent(content: Response["content"], answer: string, headers: Headers): string[] {
  if (content === undefined) return answer === "" ? [] : ["no body is described"];
  const type = headers.get("content-type")?.split(";")[0] ?? "none";
  const described = content[type] ?? content["*/*"];
  if (described === undefined) return [`no body of the type ${type} is described`];
  if (described.schema === undefined) return [];
  const fault = checkJson(described.schema, JSON.parse(answer));
  return fault === undefined ? [] : [`the body${fault}`];
}

function isReadable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
