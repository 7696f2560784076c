import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

export interface PlainRequest {
  readonly method?: string;
  /** Path and query, sent as they are. */
  readonly path: string;
  /** Several values of one name are sent as several headers. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** As JSON where it says that it is. */
  readonly body: unknown;
}

/** Sends a request to this machine whose path and headers no client library has tidied up. */
export async function send(
  port: number,
  { method = "GET", path, headers = {}, body }: PlainRequest,
): Promise<PlainAnswer> {
  const call = request({ host: "127.0.0.1", port, method, path, agent: false, headers: mutable(headers) });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once("response", resolve);
    call.once("error", reject);
    call.end(body);
  });
  const content = await text(response);
  const answered = new Headers();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) answered.append(name, value);
  }
  const isJson = answered.get("content-type")?.includes("json") && content !== "";
  return {
    status: response.statusCode ?? 0,
    headers: answered,
    body: isJson ? JSON.parse(content) : content,
  };
}

const mutable = (headers: NonNullable<PlainRequest["headers"]>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );

/** Sends lines that need not be HTTP at all, and answers the status; undefined when the connection was closed without one. */
export async function sendLines(port: number, lines: readonly string[]): Promise<number | undefined> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    Buffer.from([...lines, "Host: localhost", "Connection: close", "", ""].join("\r\n"), "latin1"),
  );
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(await text(socket).catch(() => "")) ?? [];
  return status === undefined ? undefined : Number(status);
}
