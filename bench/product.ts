import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomKey } from "../src/platform/random.js";
import { type Ports, type ServerProcess, startServer } from "./server-process.js";

const ADMINISTRATOR = { email: "admin@example.com", password: "Tecohvi0" };

/** The server as it runs in production, and credentials that it accepts. */
export interface Product extends ServerProcess {
  readonly cookie: string;
  /** Value of the header `authorization`. */
  readonly bearer: string;
}

export interface ProductSettings {
  readonly databaseUrl: string;
  /** An empty folder for its keys and data. */
  readonly folder: string;
  readonly profiles?: string | undefined;
}

/** Starts the server in production mode, without logging and limits, and signs the first administrator in. */
export async function startProduct({ databaseUrl, folder, profiles }: ProductSettings): Promise<Product> {
  const keyFile = join(folder, "jwt.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const environment = ({ http, grpc }: Ports) => ({
    NODE_ENV: "production",
    LOG_LEVEL: "silent",
    RATE_LIMITS: "false",
    HTTP_HOST: "127.0.0.1",
    HTTP_PORT: String(http),
    GRPC_PORT: String(grpc),
    PUBLIC_URL: `http://127.0.0.1:${http}`,
    DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    JWT_PRIVATE_KEY_PATH: keyFile,
    // The token must outlive the run.
    JWT_LIFETIME_SECONDS: "86400",
    SECRETS_KEYS: `bench:${Buffer.from(randomKey()).toString("base64")}`,
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
  });
  const server = await startServer({ program: "src/main.js", environment, profiles });
  try {
    const cookie = await signIn(server.http);
    return { ...server, cookie, bearer: await askAsGateway(server.http, cookie) };
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
