import { join, resolve } from "node:path";
import { captchaConfig, captchaContradictions } from "./captcha-config.js";
import { settings } from "./config-table.js";
import { eventsConfig, eventsContradictions } from "./events-config.js";
import { parseKeyRing, type SecretKey } from "./key-ring.js";
import { mailConfig, mailContradictions } from "./mail-config.js";
import { BadConfiguration, type Setting } from "./settings.js";
import { smsConfig, smsContradictions } from "./sms-config.js";
import { storageConfig, storageContradictions } from "./storage-config.js";

/** Values that documentation and examples show; whoever deploys them has no secret. */
const KNOWN_TO_EVERYBODY = new Set(["changeme", "password", "secret", "admin", "barong", "minioadmin"]);

type Table = typeof settings;
type Values = { [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never };
type Optional = { [Name in keyof Values]: Values[Name] | undefined };
type Environment = Readonly<Record<string, string | undefined>>;

export type Config = ReturnType<typeof readConfig>;

/** Reads the whole configuration from environment variables; throws BadConfiguration naming every problem. */
export function readConfig(environment: Environment) {
  const problems: string[] = [];
  const values = readAll(environment, problems);
  const isProduction = values.mode === "production";
  if (isProduction) problems.push(...problemsOfProduction(environment, values));
  const keys = values.secretsKeys === undefined ? undefined : readKeyRing(values.secretsKeys, problems);
  problems.push(
    ...contradictions(values),
    ...storageContradictions(environment, values),
    ...mailContradictions(values),
    ...smsContradictions(environment, values),
    ...captchaContradictions(environment, values),
    ...eventsContradictions(environment, values),
  );
  if (problems.length > 0) throw new BadConfiguration(problems);

  const set = <T>(value: T | undefined): T => value as T;
  const publicUrl = values.publicUrl?.href.replace(/\/$/, "") ?? `http://localhost:${values.httpPort}`;
  const dataDir = resolve(set(values.dataDir));
  return {
    ...databaseConfig(environment, values),
    isProduction,
    dataDir,
    publicUrl,
    apiUrl: values.apiUrl?.href.replace(/\/$/, "") ?? `${publicUrl}/api/v2`,
    host: values.httpHost ?? (isProduction ? "0.0.0.0" : "127.0.0.1"),
    httpPort: set(values.httpPort),
    grpcPort: set(values.grpcPort),
    grpcReflection: values.grpcReflection ?? !isProduction,
    grpcLimits: {
      connectionsPerClient: set(values.grpcConnectionsPerClient),
      streamsPerConnection: set(values.grpcStreamsPerConnection),
      requestTimeoutSeconds: set(values.grpcRequestTimeoutSeconds),
      connectionIdleSeconds: set(values.grpcConnectionIdleSeconds),
      connectionAgeSeconds: set(values.grpcConnectionAgeSeconds),
    },
    shutdownSeconds: set(values.shutdownSeconds),
    trustedProxies: set(values.trustedProxies),
    logLevel: set(values.logLevel),
    appName: set(values.appName),
    migrateOnStart: set(values.migrateOnStart),
    admin: { email: set(values.adminEmail), password: values.adminPassword },
    jwt: {
      privateKeyPath: values.jwtPrivateKeyPath,
      algorithm: set(values.jwtAlgorithm),
      issuer: set(values.jwtIssuer),
      audience: set(values.jwtAudience),
      lifetimeSeconds: set(values.jwtLifetimeSeconds),
      leewaySeconds: set(values.jwtLeewaySeconds),
    },
    sessions: {
      idleSeconds: set(values.sessionIdleSeconds),
      lifetimeSeconds: set(values.sessionLifetimeSeconds),
      secureCookie: publicUrl.startsWith("https:"),
      perAccount: set(values.sessionsPerAccount),
    },
    secretsKeys: keys,
    storage: storageConfig(values, dataDir),
    documentsLimit: set(values.documentsLimit),
    outbox: { leaseSeconds: set(values.outboxLeaseSeconds) },
    authz: {
      rulesFile: values.authzRulesFile,
      ownPath: set(values.authzOwnPath).split("/").filter(Boolean).join("/"),
      timeoutMs: set(values.authzTimeoutMs),
      cacheMs: set(values.authzCacheMs),
    },
    apiKeys: {
      schemes: set(values.apiKeySchemes) as readonly ("nonce" | "request")[],
      nonceWindowMs: set(values.apiKeyNonceWindowMs),
    },
    hideAccounts: set(values.hideAccounts),
    passwordMinimumBits: set(values.passwordMinimumBits),
    hashing: { concurrency: set(values.hashingConcurrency), queueLimit: set(values.hashingConcurrency) * 64 },
    rateLimits: set(values.rateLimits),
    cors: {
      origins: set(values.corsOrigins).includes("*") ? ("*" as const) : set(values.corsOrigins),
      maxAgeSeconds: /^\d+$/.test(set(values.corsMaxAge)) ? Number(values.corsMaxAge) : 3600,
      credentials: set(values.corsCredentials),
    },
    mail: mailConfig(values, { publicUrl, isProduction }),
    sms: smsConfig(values),
    captcha: captchaConfig(values),
    events: eventsConfig(environment, values),
  };
}

/** Reads what the migration command needs, which is the database alone. Throws BadConfiguration. */
export function readDatabaseConfig(environment: Environment) {
  const problems: string[] = [];
  const values = readAll(environment, problems);
  const own = [settings.databaseUrl, settings.databasePool, settings.databaseQueryTimeoutMs];
  const ours = problemsWith(own, problems);
  // A migrated SQLite file is not what anybody wants in production who has forgotten to say where the database is.
  if (values.mode === "production" && values.databaseUrl === undefined && !environment.DATABASE_HOST) {
    ours.push(`${settings.databaseUrl.name} must be set in production. ${settings.databaseUrl.about}`);
  }
  if (ours.length > 0) throw new BadConfiguration(ours);
  return databaseConfig(environment, values);
}

/** Reads what the command for the keys of tokens needs. Throws BadConfiguration. */
export function readKeyConfig(environment: Environment) {
  const problems: string[] = [];
  const values = readAll(environment, problems);
  const { mode, jwtPrivateKeyPath, jwtAlgorithm, jwtLifetimeSeconds, jwtLeewaySeconds } = settings;
  const own = [mode, jwtPrivateKeyPath, jwtAlgorithm, jwtLifetimeSeconds, jwtLeewaySeconds];
  const ours = problemsWith(own, problems);
  if (values.mode === "production" && values.jwtPrivateKeyPath === undefined)
    ours.push(`${jwtPrivateKeyPath.name} must be set in production. ${jwtPrivateKeyPath.about}`);
  if (ours.length > 0) throw new BadConfiguration(ours);
  return {
    privateKeyPath: values.jwtPrivateKeyPath,
    dataDir: resolve(values.dataDir ?? "."),
    algorithm: values.jwtAlgorithm ?? "RS256",
    tokenSeconds: (values.jwtLifetimeSeconds ?? 0) + (values.jwtLeewaySeconds ?? 0),
  };
}

const problemsWith = (own: readonly Setting<unknown>[], problems: readonly string[]): string[] =>
  problems.filter((problem) =>
    own.some(({ name, aliases }) => [name, ...aliases].some((called) => problem.startsWith(`${called} `))),
  );

function databaseConfig(environment: Environment, values: Optional) {
  const embedded = `sqlite:${join(resolve(values.dataDir ?? "."), "barong.db")}`;
  return {
    database: {
      url: values.databaseUrl ?? urlOfParts(environment) ?? embedded,
      poolSize: values.databasePool ?? 1,
      queryTimeoutMs: values.databaseQueryTimeoutMs ?? 0,
    },
    databaseWaitSeconds: values.databaseWaitSeconds ?? 0,
  };
}

function readAll(environment: Environment, problems: string[]): Optional {
  const read = ([field, { name, aliases, kind, fallback }]: [string, Setting<unknown>]) => {
    const source = [name, ...aliases].find((candidate) => (environment[candidate] ?? "") !== "");
    const raw = source === undefined ? fallback : environment[source];
    if (raw === undefined) return [field, undefined];
    try {
      return [field, kind.parse(raw)];
    } catch (fault) {
      problems.push(`${source ?? name} ${fault instanceof Error ? fault.message : "is not readable"}`);
      return [field, undefined];
    }
  };
  return Object.fromEntries(Object.entries(settings).map((entry) => read(entry))) as Optional;
}

function problemsOfProduction(environment: Environment, values: Optional): string[] {
  const given = ({ name, aliases }: Setting<unknown>) =>
    [name, ...aliases].some((candidate) => (environment[candidate] ?? "") !== "") ||
    (name === settings.databaseUrl.name && urlOfParts(environment) !== undefined);
  const missing = Object.values(settings)
    .filter((candidate) => candidate.neededInProduction && !given(candidate))
    .map(({ name, about }) => `${name} must be set in production. ${about}`);
  if (!given(settings.storageUrl) && !given(settings.documentsFolder)) {
    missing.push("STORAGE_URL must be set in production, or DOCUMENTS_FOLDER where a folder shall do");
  }
  const known = Object.entries({
    ADMIN_PASSWORD: values.adminPassword,
    STORAGE_SECRET_KEY: values.storageSecretKey,
  }).filter(([, value]) => value !== undefined && KNOWN_TO_EVERYBODY.has(value.toLowerCase()));
  return [...missing, ...known.map(([name]) => `${name} is one that everybody knows`)];
}

function readKeyRing(raw: string, problems: string[]): readonly SecretKey[] {
  try {
    return parseKeyRing(raw);
  } catch (fault) {
    problems.push(`SECRETS_KEYS ${fault instanceof Error ? fault.message : "is not readable"}`);
    return [];
  }
}

function contradictions(values: Optional): string[] {
  const found: string[] = [];
  if (values.corsCredentials && values.corsOrigins?.includes("*")) {
    found.push("API_CORS_ALLOW_CREDENTIALS needs API_CORS_ORIGINS to name the origins, not *");
  }
  for (const scheme of values.apiKeySchemes ?? []) {
    if (scheme !== "nonce" && scheme !== "request")
      found.push(`API_KEY_SCHEMES: ${scheme} is neither nonce nor request`);
  }
  for (const origin of values.corsOrigins ?? []) {
    if (origin !== "*" && !/^https?:\/\/[^/\s]+$/.test(origin)) {
      found.push(`API_CORS_ORIGINS: ${origin} is not an origin such as https://www.example.com`);
    }
  }
  return found;
}

function urlOfParts(environment: Environment): string | undefined {
  const host = environment.DATABASE_HOST;
  if (!host) return undefined;
  const user = encodeURIComponent(environment.DATABASE_USER ?? "root");
  const password = encodeURIComponent(environment.DATABASE_PASS ?? "");
  const port = environment.DATABASE_PORT ?? "3306";
  return `mysql://${user}:${password}@${host}:${port}/${environment.DATABASE_NAME ?? "barong_production"}`;
}
