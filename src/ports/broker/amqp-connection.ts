import { type AmqpConnectionManager, connect } from "amqp-connection-manager";
import type { ChannelModel } from "amqplib";
import { faultCode } from "../../platform/fault-code.js";
import { ChannelDown } from "../delivery.js";

export interface AmqpConnectionSettings {
  /** `amqp://user:password@host:port/vhost` or `amqps://…`. */
  readonly url: string;
  /** PEM of the authorities that may have signed the broker's certificate. */
  readonly tlsCa?: string | undefined;
  /** How long a connection may take to be made; 5 s unless given. */
  readonly connectMs?: number;
}

/** Finds a broker that has vanished without a word after two of these. */
const HEARTBEAT_SECONDS = 10;
const RECONNECT_SECONDS = 1;
const CLOSE_MS = 2000;

/** The one connection to the broker, made at its first use and again whenever it was lost. */
export class AmqpConnection {
  readonly #settings: AmqpConnectionSettings;
  #manager: AmqpConnectionManager | undefined;
  #isBlocked = false;
  #isClosed = false;

  constructor(settings: AmqpConnectionSettings) {
    this.#settings = settings;
  }

  /** Throws ChannelDown, also while the broker takes nothing because it is short of memory or disk. */
  async current(): Promise<ChannelModel> {
    if (this.#isClosed) throw new ChannelDown("the connection to the broker is closed");
    this.#manager ??= this.#open();
    const { connection } = this.#manager;
    if (connection === undefined) return nextOf(this.#manager, this.#settings.connectMs ?? CONNECT_MS);
    if (this.#isBlocked) throw new ChannelDown("the broker is short of memory or disk and takes nothing");
    return connection;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    let giveUp: NodeJS.Timeout | undefined;
    // A broker that is frozen never says goodbye.
    const patience = new Promise<void>((resolve) => {
      giveUp = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.#manager?.close().catch(() => undefined), patience]);
    clearTimeout(giveUp);
  }

  #open(): AmqpConnectionManager {
    const { url, tlsCa, connectMs = CONNECT_MS } = this.#settings;
    const manager = connect([url], {
      heartbeatIntervalInSeconds: HEARTBEAT_SECONDS,
      reconnectTimeInSeconds: RECONNECT_SECONDS,
      connectionOptions: {
        timeout: connectMs,
        noDelay: true,
        clientProperties: { connection_name: "barong" },
        ...(tlsCa !== undefined && { ca: tlsCa }),
      },
    });
    manager.on("blocked", () => {
      this.#isBlocked = true;
    });
    for (const end of ["unblocked", "disconnect"])
      manager.on(end, () => {
        this.#isBlocked = false;
      });
    return manager;
  }
}

const CONNECT_MS = 5000;

/** What becomes of the attempt to connect that is under way. */
async function nextOf(manager: AmqpConnectionManager, milliseconds: number): Promise<ChannelModel> {
  const fault = await new Promise<unknown>((resolve) => {
    const connected = () => settle(undefined);
    const failed = ({ err }: { err: unknown }) => settle(err);
    const timer = setTimeout(() => settle(new Error("timeout")), milliseconds);
    const settle = (outcome: unknown) => {
      clearTimeout(timer);
      manager.removeListener("connect", connected);
      manager.removeListener("connectFailed", failed);
      resolve(outcome);
    };
    manager.on("connect", connected);
    manager.on("connectFailed", failed);
  });
  const { connection } = manager;
  if (connection === undefined) throw new ChannelDown(`the broker cannot be reached (${wordFor(fault)})`);
  return connection;
}

/** The fault's own words could hold the address with its password. */
function wordFor(fault: unknown): string {
  if (!(fault instanceof Error)) return "closed";
  if (/ACCESS.REFUSED|\b403\b/i.test(fault.message)) return "it refuses the name or password";
  const code = faultCode(fault);
  if (code !== undefined) return code;
  return fault.message.includes("timeout") || fault.message.includes("ETIMEDOUT")
    ? "timeout"
    : "it ends the connection";
}
