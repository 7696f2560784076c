import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Called when an answer is complete, or the connection has failed. */
type Settle = (fault?: Error) => void;

/** An HTTP/1.1 connection that stays open: a request in its bytes, and the moment when its answer is there. */
export class Connection {
  private settle: Settle | undefined;
  private answer = "";

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay();
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.take(chunk));
    socket.on("error", (fault) => this.end(fault));
    socket.on("close", () => this.end(new Error("the server closed a connection")));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  /** One at a time. */
  ask(request: string, settle: Settle): void {
    this.settle = settle;
    this.socket.write(request, "latin1");
  }

  close(): void {
    this.settle = undefined;
    this.socket.destroy();
  }

  private take(chunk: string): void {
    this.answer += chunk;
    const end = this.answer.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.answer.slice(0, end);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length !== undefined && this.answer.length < end + 4 + Number(length)) return;
    this.answer = "";
    const [line = ""] = head.split("\r\n", 1);
    const isGood = length !== undefined && line.startsWith("HTTP/1.1 2");
    this.end(isGood ? undefined : new Error(`an answer without length or success: ${line}`));
  }

  private end(fault?: Error): void {
    const settle = this.settle;
    this.settle = undefined;
    settle?.(fault);
  }
}
