import { type AmqpConnectionManager, connect } from "amqp-connection-manager";
import { type ChannelModel, credentials } from "amqplib";
import { monotonicMilliseconds } from "../../platform/clock.js";
import { faultCode } from "../../platform/fault-code.js";
import { ChannelDown } from "../delivery.js";
import { resetStream, streamOf } from "./amqp-stream.js";

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
const CONNECT_MS = 5000;
const RECONNECT_SECONDS = 1;
/** After a broker has refused us, or was too slow: a wrong password stays wrong. */
const RETRY_SECONDS = 5;
/** How long a broker that is short of memory or disk is left alone. */
const BLOCKED_MS = 5000;
const CLOSE_MS = 2000;

/** The one connection to the broker, made at its first use and again whenever it was lost. */
export class AmqpConnection {
  readonly #settings: AmqpConnectionSettings;
  #manager: AmqpConnectionManager | undefined;
  #connectedAt = 0;
  /** Why the last attempt to connect has failed. */
  #fault: unknown;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(settings: AmqpConnectionSettings) {
    this.#settings = settings;
  }

  /** How long it has been there since it was made the last time. */
  get ageMs(): number {
    return monotonicMilliseconds() - this.#connectedAt;
  }

  /** Throws ChannelDown, also while the broker takes nothing because it is short of memory or disk. */
  async current(): Promise<ChannelModel> {
    if (this.#isClosed) throw new ChannelDown("the connection to the broker is closed");
    this.throwIfBlocked();
    this.#manager ??= this.#open();
    return this.#manager.connection ?? this.#next(this.#manager);
  }

  /** Throws ChannelDown if the broker has just said that it takes nothing. */
  throwIfBlocked(): void {
    if (monotonicMilliseconds() < this.#blockedUntil)
      throw new ChannelDown("the broker is short of memory or disk and takes nothing");
  }

  /**
   * Ends the connection so that what was written, and is not read yet, is not read later: by then it would be too old. What waits for a
   * confirmation fails.
   */
  breakOff(): void {
    const stream = streamOf(this.#manager?.connection);
    // Without an error nobody would notice.
    if (resetStream(stream)) stream?.emit("error", new Error("given up"));
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
        credentials: credentialsIn(url),
        ...(tlsCa !== undefined && { ca: tlsCa }),
      },
    });
    manager.on("connect", () => {
      this.#connectedAt = monotonicMilliseconds();
      this.#fault = undefined;
      manager.reconnectTimeInSeconds = RECONNECT_SECONDS;
      const { connection } = manager;
      connection?.on("error", (fault: Error) => {
        // Before it is closed, which would first send what is written.
        if (fault.message === "Heartbeat timeout") resetStream(streamOf(connection));
      });
    });
    manager.on("connectFailed", ({ err }) => {
      this.#fault = err;
      const wasReached = faultCode(err) === undefined;
      manager.reconnectTimeInSeconds = wasReached ? RETRY_SECONDS : RECONNECT_SECONDS;
    });
    manager.on("blocked", () => {
      this.#blockedUntil = monotonicMilliseconds() + BLOCKED_MS;
      this.breakOff();
    });
    return manager;
  }

  /** What becomes of the next attempt to connect, or of the one that is under way. */
  async #next(manager: AmqpConnectionManager): Promise<ChannelModel> {
    await anOutcome(manager, this.#settings.connectMs ?? CONNECT_MS);
    const { connection } = manager;
    if (connection === undefined)
      throw new ChannelDown(`the broker cannot be reached (${wordFor(this.#fault)})`);
    return connection;
  }
}

/** The ones of amqplib would be of another encoding. */
function credentialsIn(url: string) {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return credentials.plain("guest", "guest");
  return credentials.plain(decodeURIComponent(username), decodeURIComponent(password));
}

/** Waits for an attempt to connect to end, but not longer than that. */
function anOutcome(manager: AmqpConnectionManager, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      manager.removeListener("connect", settle);
      manager.removeListener("connectFailed", settle);
      resolve();
    };
    const timer = setTimeout(settle, milliseconds);
    manager.on("connect", settle);
    manager.on("connectFailed", settle);
  });
}

/** The fault's own words could hold the address with its password. */
function wordFor(fault: unknown): string {
  if (!(fault instanceof Error)) return "timeout";
  if (/ACCESS.REFUSED|\b403\b/i.test(fault.message)) return "it refuses the name or password";
  const code = faultCode(fault);
  if (code !== undefined) return code;
  return fault.message.includes("timeout") || fault.message.includes("ETIMEDOUT")
    ? "timeout"
    : "it ends the connection";
}
