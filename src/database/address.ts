import { readFileSync } from "node:fs";

/** Where the database is, read from its URL. */
export type DatabaseAddress = MysqlAddress | SqliteAddress;

export interface SqliteAddress {
  readonly dialect: "sqlite";
  readonly path: string;
}

export interface MysqlAddress {
  readonly dialect: "mysql";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsSettings | undefined;
}

export interface TlsSettings {
  readonly ca?: string;
  readonly rejectUnauthorized: true;
  readonly verifyIdentity: boolean;
  readonly minVersion: "TLSv1.2";
}

/**
 * Reads `mysql://user:password@host:port/name` or `sqlite:PATH`.
 *
 * `?ssl=true` asks for TLS and checks certificate and host name, `?ssl=verify-ca` the certificate alone, `?ssl-ca=PATH`
 * names the file with the authorities to trust (and implies `ssl=true`). Errors never repeat the URL.
 */
export function readAddress(url: string): DatabaseAddress {
  if (url.startsWith("sqlite:")) return readSqliteAddress(url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !MYSQL_SCHEMES.has(parsed.protocol)) {
    throw new Error("the database URL must look like mysql://user:password@host:port/name or sqlite:PATH");
  }
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (database === "") throw new Error("the database URL names no database: mysql://host:port/NAME");
  return {
    dialect: "mysql",
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: parsed.port === "" ? 3306 : Number(parsed.port),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database,
    tls: readTls(parsed.searchParams),
  };
}

/** The address in a form that is safe to print. */
export const printable = (address: DatabaseAddress): string =>
  address.dialect === "sqlite"
    ? `sqlite:${address.path}`
    : `mysql://${address.host}:${address.port}/${address.database}`;

const MYSQL_SCHEMES = new Set(["mysql:", "mariadb:"]);

function readSqliteAddress(url: string): SqliteAddress {
  const path = url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
  // Sequelize shares one connection of a database in memory among all transactions.
  if (path === "" || path.includes(":memory:"))
    throw new Error("the database URL must name a file: sqlite:PATH");
  return { dialect: "sqlite", path };
}

function readTls(parameters: URLSearchParams): TlsSettings | undefined {
  for (const name of parameters.keys()) {
    if (name !== "ssl" && name !== "ssl-ca")
      throw new Error(`the database URL has an unknown parameter: ${name}`);
  }
  const ca = parameters.get("ssl-ca");
  const mode = parameters.get("ssl") ?? (ca === null ? "false" : "true");
  if (mode === "false") return undefined;
  if (mode !== "true" && mode !== "verify-ca") {
    throw new Error("the database URL's ssl must be true, verify-ca or false");
  }
  return {
    ...(ca === null ? {} : { ca: readFileSync(ca, "utf8") }),
    rejectUnauthorized: true,
    verifyIdentity: mode === "true",
    minVersion: "TLSv1.2",
  };
}
