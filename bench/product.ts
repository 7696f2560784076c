import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { printKeyRing } from "../src/platform/key-ring.js";
import { randomKey } from "../src/platform/random.js";
import { createVault } from "../src/platform/secrets.js";
import { type Ports, type ServerProcess, startServer } from "./server-process.js";

const SECRETS_KEYS = [{ id: "bench", key: randomKey() }];

/** Opens and seals what the servers of this run do. */
export const vault = createVault(SECRETS_KEYS);

const ADMINISTRATOR = { email: "admin@example.com", password: "Tecohvi0" };

/** The server as it runs in production, and credentials that it accepts. */
export interface Product extends ServerProcess {
  readonly databaseUrl: string;
  readonly cookie: string;
  /** Value of the header `authorization`. */
  readonly bearer: string;
}

export interface ProductSettings {
  /** Unique. */
  readonly name: string;
  readonly databaseUrl: string;
  /** An empty folder for its keys and data. */
  readonly folder: string;
  /** Settings that are not those of production. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly profiles?: string | undefined;
}

/** Starts the server in production mode, logging errors alone and without limits, and signs the first administrator in. */
export async function startProduct(product: ProductSettings): Promise<Product> {
  const { name, databaseUrl, folder, settings = {}, profiles } = product;
  const keyFile = join(folder, "jwt.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const environment = ({ http, grpc }: Ports) => ({
    NODE_ENV: "production",
    LOG_LEVEL: "error",
    RATE_LIMITS: "false",
    HTTP_HOST: "127.0.0.1",
    HTTP_PORT: String(http),
    GRPC_PORT: String(grpc),
    PUBLIC_URL: `http://127.0.0.1:${http}`,
    DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    JWT_PRIVATE_KEY_PATH: keyFile,
    // Tokens and sessions must outlive the run.
    JWT_LIFETIME_SECONDS: "86400",
    SESSION_IDLE_SECONDS: "86400",
    // A machine that does something else as well must not end the run.
    AUTHZ_TIMEOUT_MS: "10000",
    SECRETS_KEYS: printKeyRing(SECRETS_KEYS),
    // Nobody listens there; nothing that is measured sends a mail or an SMS.
    SMTP_URL: "smtp://127.0.0.1:9",
    MAIL_FROM: "bench@example.com",
    TWILIO_ACCOUNT_SID: "AC0",
    TWILIO_AUTH_TOKEN: "bench",
    TWILIO_PHONE_NUMBER: "+15005550006",
    TWILIO_URL: "http://127.0.0.1:9",
    DOCUMENTS_FOLDER: join(folder, "documents"),
    ADMIN_EMAIL: ADMINISTRATOR.email,
    ADMIN_PASSWORD: ADMINISTRATOR.password,
    ...settings,
  });
  const server = await startServer({ name, program: "src/main.js", environment, profiles });
  try {
    const cookie = await signIn(server.http);
    return { ...server, databaseUrl, cookie, bearer: await askAsGateway(server.http, cookie) };
  } catch (fault) {
    await server.stop();
    throw fault;
  }
}

async function signIn(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v2/identity/sessions`, {
    method: "POST",
    body: new URLSearchParams(ADMINISTRATOR),
  });
  const [cookie] = answer.headers.getSetCookie();
  if (answer.status !== 201 || cookie === undefined) throw new Error(`sign-in answered ${answer.status}`);
  return cookie.split(";", 1).join();
}

async function askAsGateway(port: number, cookie: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v2/auth/api/v2/orders`, { headers: { cookie } });
  const bearer = answer.headers.get("authorization");
  if (bearer === null) throw new Error(`the gateway's question was answered ${answer.status}`);
  return bearer;
}
