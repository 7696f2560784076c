import {
  accountSid,
  addresses,
  bucket,
  databaseUrl as databaseAddress,
  flag,
  type Kind,
  list,
  oneOf,
  type Setting,
  sender,
  site,
  smsSender,
  text,
  url,
  whole,
} from "./settings.js";

interface Extras {
  readonly aliases?: readonly string[];
  readonly neededInProduction?: boolean;
  readonly secret?: boolean;
}

function setting<T>(
  name: string,
  kind: Kind<T>,
  fallback: string | undefined,
  about: string,
  extras: Extras = {},
): Setting<T> {
  const { aliases = [], neededInProduction = false, secret = false } = extras;
  return { name, kind, fallback, about, aliases, neededInProduction, secret };
}

const production = { neededInProduction: true };
const secret = { secret: true };

/** Every setting, in the order of docs/configuration.md, which is generated from this table. */
export const settings = {
  mode: setting(
    "NODE_ENV",
    oneOf("development", "test", "production"),
    "development",
    "`production` refuses generated keys, the development mailbox and default secrets.",
    { aliases: ["RAILS_ENV"] },
  ),
  httpHost: setting(
    "HTTP_HOST",
    text,
    undefined,
    "Address both listeners bind to. Default: `127.0.0.1`, in production `0.0.0.0`.",
  ),
  httpPort: setting(
    "HTTP_PORT",
    whole(0, 65535),
    "8080",
    "Port of REST, Connect and gRPC-Web; 0 picks a free one.",
    {
      aliases: ["PORT"],
    },
  ),
  grpcPort: setting("GRPC_PORT", whole(0, 65535), "9090", "Port of gRPC; 0 picks a free one."),
  publicUrl: setting(
    "PUBLIC_URL",
    url("http", "https"),
    undefined,
    "Where browsers reach the site. An https address makes cookies `Secure`. Default: `http://localhost:<HTTP_PORT>`.",
    production,
  ),
  apiUrl: setting(
    "API_URL",
    url("http", "https"),
    undefined,
    "Where clients reach this API, for links to documents in a folder. Behind a gateway that adds a prefix for example `https://www.example.com/api/v2/barong`. Default: `<PUBLIC_URL>/api/v2`.",
  ),
  trustedProxies: setting(
    "TRUSTED_PROXIES",
    addresses,
    "",
    "Addresses or CIDR ranges of the proxies whose `X-Forwarded-For` is believed.",
  ),
  dataDir: setting("DATA_DIR", text, "./.barong", "Folder of the embedded database and of generated keys."),
  databaseUrl: setting(
    "DATABASE_URL",
    databaseAddress,
    undefined,
    "`mysql://user:password@host:3306/name` or `sqlite:PATH`. Default: `sqlite:<DATA_DIR>/barong.db`. " +
      "`DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_USER`, `DATABASE_PASS` and `DATABASE_NAME` are accepted instead.",
    { neededInProduction: true, secret: true },
  ),
  databasePool: setting("DATABASE_POOL", whole(1, 500), "20", "Connections kept to MySQL by one process.", {
    aliases: ["RAILS_MAX_THREADS"],
  }),
  databaseQueryTimeoutMs: setting(
    "DATABASE_QUERY_TIMEOUT_MS",
    whole(50, 600000),
    "10000",
    "After this many milliseconds a query is given up.",
  ),
  databaseWaitSeconds: setting(
    "DATABASE_WAIT_SECONDS",
    whole(0, 3600),
    "60",
    "How long a start waits for a database that is down before it gives up.",
  ),
  migrateOnStart: setting(
    "MIGRATE_ON_START",
    flag,
    "true",
    "Bring the database up to date at start. Off: run `npm run migrate`.",
  ),
  storageUrl: setting(
    "STORAGE_URL",
    site,
    undefined,
    "S3-compatible storage for documents, `https://s3.example.com`. Default: a folder. Production needs this or `DOCUMENTS_FOLDER`.",
  ),
  storagePublicUrl: setting(
    "STORAGE_PUBLIC_URL",
    site,
    undefined,
    "Where browsers reach that storage, for links to documents. Default: `STORAGE_URL`.",
  ),
  storageRegion: setting("STORAGE_REGION", text, "us-east-1", "Region of the bucket."),
  storageBucket: setting(
    "STORAGE_BUCKET_NAME",
    bucket,
    "barong",
    "Bucket of the documents, of this installation alone: files under `documents/` that its database does not know are deleted. Made at first use when it is missing and the keys allow it.",
  ),
  storageAccessKey: setting("STORAGE_ACCESS_KEY", text, undefined, "Id of the key to the storage."),
  storageSecretKey: setting("STORAGE_SECRET_KEY", text, undefined, "The key to the storage.", secret),
  documentsFolder: setting(
    "DOCUMENTS_FOLDER",
    text,
    undefined,
    "Folder of documents, in place of `STORAGE_URL`; processes on several machines must share it. Default: `<DATA_DIR>/documents`.",
  ),
  documentsLimit: setting("DOCUMENTS_LIMIT", whole(1, 1000), "10", "Documents an account may have."),
  adminEmail: setting("ADMIN_EMAIL", text, "admin@barong.io", "E-mail of the first administrator."),
  adminPassword: setting(
    "ADMIN_PASSWORD",
    text,
    undefined,
    "Password of the first administrator. Default: generated and printed once; in production no administrator is made without it.",
    secret,
  ),
  appName: setting("APP_NAME", text, "Barong", "Name in e-mails and authenticator apps."),
  jwtPrivateKeyPath: setting(
    "JWT_PRIVATE_KEY_PATH",
    text,
    undefined,
    "PEM file of the keys that sign and verify tokens; see docs/jwt.md for changing them. Read again when it changes. Default: generated in `DATA_DIR`.",
    production,
  ),
  jwtAlgorithm: setting(
    "JWT_ALGORITHM",
    oneOf("RS256", "ES256", "EdDSA"),
    "RS256",
    "Signature algorithm of tokens: the kind of the key that signs at the start.",
  ),
  jwtIssuer: setting("JWT_ISSUER", text, "barong", "Claim `iss` of tokens."),
  jwtAudience: setting("JWT_AUDIENCE", list, "peatio,barong", "Claim `aud` of tokens."),
  jwtLifetimeSeconds: setting("JWT_LIFETIME_SECONDS", whole(10, 86400), "900", "Life of a token.", {
    aliases: ["BARONG_JWT_EXPIRE_TIME"],
  }),
  jwtLeewaySeconds: setting(
    "JWT_LEEWAY_SECONDS",
    whole(0, 300),
    "0",
    "Clock difference tolerated in tokens.",
    {
      aliases: ["JWT_DEFAULT_LEEWAY"],
    },
  ),
  sessionIdleSeconds: setting(
    "SESSION_IDLE_SECONDS",
    whole(60, 86400),
    "1800",
    "A session without a request for this long has ended.",
    { aliases: ["SESSION_EXPIRE_TIME"] },
  ),
  sessionLifetimeSeconds: setting(
    "SESSION_LIFETIME_SECONDS",
    whole(60, 2592000),
    "86400",
    "A session ends after this long, however busy it is.",
  ),
  secretsKeys: setting(
    "SECRETS_KEYS",
    text,
    undefined,
    "Keys for secrets at rest: `id:base64` of 32 bytes, comma-separated; the first encrypts, all decrypt. Default: generated in `DATA_DIR`.",
    { neededInProduction: true, secret: true },
  ),
  authzRulesFile: setting(
    "AUTHZ_RULES_FILE",
    text,
    undefined,
    "YAML file with the gateway's `rules: {pass: [...], block: [...]}`; see docs/gateway-rules.md. Read again when it changes. Default: identity and Peatio's public API pass, management is blocked.",
  ),
  authzOwnPath: setting(
    "AUTHZ_OWN_PATH",
    text,
    "api/v2/barong",
    "Path under which the gateway offers this API. Permissions are written for the paths that the gateway sees, and hold for calls without a gateway by this one.",
  ),
  authzTimeoutMs: setting(
    "AUTHZ_TIMEOUT_MS",
    whole(50, 10000),
    "800",
    "After this many milliseconds the gateway's question is answered 503; less than the gateway's own patience.",
  ),
  authzCacheMs: setting(
    "AUTHZ_CACHE_MS",
    whole(0, 1000),
    "750",
    "How long a process may take a session or an API key for good without asking the database again.",
  ),
  apiKeySchemes: setting(
    "API_KEY_SCHEMES",
    list,
    "nonce,request",
    "Signatures accepted of API keys: `nonce` signs the nonce alone, as in Barong 2; `request` signs the whole request, once.",
  ),
  apiKeyNonceWindowMs: setting(
    "API_KEY_NONCE_WINDOW_MS",
    whole(0, 3600000),
    "5000",
    "How far the nonce of an API key may be from the server's time, in milliseconds. 0 accepts any nonce of the `nonce` scheme, as Barong 2.0 did.",
    { aliases: ["BARONG_APIKEY_NONCE_LIFETIME"] },
  ),
  sessionsPerAccount: setting(
    "SESSIONS_PER_ACCOUNT",
    whole(1, 1000),
    "20",
    "Sessions an account may have at a time; the one unseen for longest ends when another is opened.",
  ),
  hideAccounts: setting(
    "HIDE_ACCOUNTS",
    flag,
    "false",
    "Sign-up, resend and reset answer alike whether or not the e-mail address is known.",
  ),
  passwordMinimumBits: setting("PASSWORD_MINIMUM_BITS", whole(0, 100), "14", "Least strength of a password."),
  hashingConcurrency: setting(
    "HASHING_CONCURRENCY",
    whole(1, 64),
    "2",
    "Passwords hashed at the same time by one process; up to 64 times as many wait, more are answered 503.",
  ),
  rateLimits: setting("RATE_LIMITS", flag, "true", "Limits on attempts. Off only for load tests."),
  corsOrigins: setting(
    "API_CORS_ORIGINS",
    list,
    "*",
    "Origins of pages that may call the API from a browser.",
  ),
  corsMaxAge: setting("API_CORS_MAX_AGE", text, "3600", "Seconds a browser may keep a preflight answer."),
  corsCredentials: setting(
    "API_CORS_ALLOW_CREDENTIALS",
    flag,
    "false",
    "Whether those pages may send cookies. Needs named origins, not `*`.",
  ),
  smtpUrl: setting(
    "SMTP_URL",
    url("smtp", "smtps"),
    undefined,
    "Mail server, `smtp://user:password@host:587`. Default: the development mailbox.",
    { neededInProduction: true, secret: true },
  ),
  mailFrom: setting("MAIL_FROM", sender, "Barong <noreply@localhost>", "Sender of e-mails.", production),
  twilioAccountSid: setting(
    "TWILIO_ACCOUNT_SID",
    accountSid,
    undefined,
    "Account at Twilio, which sends the SMS. Default: the development mailbox.",
    production,
  ),
  twilioAuthToken: setting("TWILIO_AUTH_TOKEN", text, undefined, "Secret of that account.", {
    neededInProduction: true,
    secret: true,
  }),
  twilioPhoneNumber: setting(
    "TWILIO_PHONE_NUMBER",
    smsSender,
    "+15005550000",
    "Sender of SMS: a number of that account, or a name it may use. The default is for trials and sends nothing.",
    production,
  ),
  twilioUrl: setting(
    "TWILIO_URL",
    url("http", "https"),
    "https://api.twilio.com",
    "Address of Twilio, or of a proxy for it.",
  ),
  smsText: setting(
    "SMS_TEXT",
    text,
    "Your verification code for {app}: {code}",
    "What an SMS with a code says; `{app}` is `APP_NAME`.",
  ),
  confirmUrl: setting(
    "CONFIRM_URL",
    text,
    undefined,
    "Link in confirmation e-mails, with `{token}`. Default: `<PUBLIC_URL>/accounts/confirmation?confirmation_token={token}`, in development a page of the server.",
  ),
  resetUrl: setting(
    "RESET_URL",
    text,
    undefined,
    "Link in password reset e-mails, with `{token}`. Default: `<PUBLIC_URL>/accounts/password_reset?reset_token={token}`, in development a page of the server.",
  ),
  captcha: setting(
    "CAPTCHA",
    oneOf("none", "recaptcha", "geetest"),
    "none",
    "Captcha demanded at sign-up and sign-in.",
    {
      aliases: ["BARONG_CAPTCHA"],
    },
  ),
  geetestId: setting("GEETEST_ID", text, undefined, "Id of the site at Geetest."),
  geetestKey: setting("GEETEST_KEY", text, undefined, "Key of the site at Geetest.", secret),
  geetestUrl: setting("GEETEST_URL", url("http", "https"), "https://api.geetest.com", "Address of Geetest."),
  recaptchaSecretKey: setting(
    "RECAPTCHA_SECRET_KEY",
    text,
    undefined,
    "Secret of the site at reCAPTCHA.",
    secret,
  ),
  recaptchaUrl: setting(
    "RECAPTCHA_URL",
    url("http", "https"),
    "https://www.google.com/recaptcha/api/siteverify",
    "Address of reCAPTCHA's verification.",
  ),
  logLevel: setting(
    "LOG_LEVEL",
    oneOf("debug", "info", "warn", "error", "silent"),
    "info",
    "Least level logged.",
  ),
  shutdownSeconds: setting(
    "SHUTDOWN_SECONDS",
    whole(1, 300),
    "8",
    "How long calls in flight may take to end after SIGTERM.",
  ),
};
