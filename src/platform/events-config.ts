import type { SigningKey } from "./signing-key.js";

export const EVENT_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "EdDSA"] as const;
export type EventAlgorithm = (typeof EVENT_ALGORITHMS)[number];

/** The settings of events as they were read; undefined where they are absent or not readable. */
interface EventValues {
  readonly eventBrokerUrl: URL | undefined;
  readonly eventBrokerHost: string | undefined;
  readonly eventBrokerPort: number | undefined;
  readonly eventBrokerUsername: string | undefined;
  readonly eventBrokerPassword: string | undefined;
  readonly eventBrokerTlsCa: string | undefined;
  readonly eventPrivateKey: SigningKey | undefined;
  readonly eventAlgorithm: EventAlgorithm | undefined;
  readonly jwtAlgorithm: string | undefined;
  readonly webhooksFile: string | undefined;
  readonly mailLinks: boolean | undefined;
  readonly eventStreams: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Who is told of events, and how. */
export type EventsConfig = ReturnType<typeof eventsConfig>;

export const eventsConfig = (environment: Environment, values: EventValues) => ({
  broker: brokerOf(environment, values),
  /** Signs what goes to the broker; without a key of its own that of the tokens does. */
  jwt: { key: values.eventPrivateKey, algorithm: values.eventAlgorithm },
  webhooksFile: values.webhooksFile,
  streams: values.eventStreams ?? 1,
});

const PARTS = ["HOST", "PORT", "USERNAME", "PASSWORD"].map((part) => `EVENT_API_RABBITMQ_${part}`);

function brokerOf(environment: Environment, values: EventValues) {
  const { eventBrokerUrl, eventBrokerTlsCa: tlsCaFile } = values;
  if (eventBrokerUrl) return { url: eventBrokerUrl.href, tlsCaFile };
  if (!PARTS.some((name) => (environment[name] ?? "") !== "")) return undefined;
  const user = encodeURIComponent(values.eventBrokerUsername ?? "guest");
  const password = encodeURIComponent(values.eventBrokerPassword ?? "guest");
  const host = values.eventBrokerHost ?? "localhost";
  return { url: `amqp://${user}:${password}@${host}:${values.eventBrokerPort ?? 5672}`, tlsCaFile };
}

/** Settings of events that do not fit together, one sentence each. */
export function eventsContradictions(environment: Environment, values: EventValues): string[] {
  const { eventPrivateKey, eventAlgorithm, jwtAlgorithm, eventBrokerTlsCa, eventBrokerUrl } = values;
  const found: string[] = [];
  const kind = eventPrivateKey?.algorithm ?? jwtAlgorithm;
  if (eventAlgorithm !== undefined && kind !== undefined && !signs(kind, eventAlgorithm)) {
    const whose = eventPrivateKey
      ? "EVENT_API_JWT_PRIVATE_KEY"
      : "JWT_ALGORITHM, whose key signs events too,";
    found.push(`EVENT_API_JWT_ALGORITHM is ${eventAlgorithm}, and ${whose} is for ${kind}`);
  }
  if (eventBrokerTlsCa !== undefined && eventBrokerUrl?.protocol !== "amqps:")
    found.push("EVENT_API_RABBITMQ_TLS_CA needs EVENT_API_RABBITMQ_URL with amqps://");
  const hearsNobody = brokerOf(environment, values) === undefined && values.webhooksFile === undefined;
  if (values.mailLinks === false && hearsNobody)
    found.push(
      "MAIL_LINKS=false leaves links to listeners of events, but neither a broker nor WEBHOOKS_FILE is set",
    );
  const host = environment.EVENT_API_RABBITMQ_HOST ?? "";
  if (host !== "" && !URL.canParse(`amqp://${host}:1`))
    found.push("EVENT_API_RABBITMQ_HOST is no name of a machine");
  return found;
}

/** Whether a key of a kind can sign by an algorithm: RSA knows hashes of several lengths. */
export const signs = (kind: string, algorithm: EventAlgorithm): boolean =>
  kind === algorithm || (kind === "RS256" && algorithm.startsWith("RS"));
