import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import document from "../../docs/openapi/openapi.json" with { type: "json" };

const DOCUMENT = "/api/v2/openapi.json";
const PAGE = "/api/v2/docs";

/** The documentation of the REST API: an OpenAPI document, and a page that shows it and lets it be tried out. */
export async function docsPages(app: FastifyInstance): Promise<void> {
  files ??= readFiles();
  for (const [path, file] of Object.entries(files)) {
    app.get(path, (request, reply) => send(file, request, reply));
  }
}

interface File {
  readonly type: string;
  readonly content: string | Buffer;
  readonly tag: string;
}

/** By path; read at the first start in a process. */
let files: Readonly<Record<string, File>> | undefined;

function readFiles(): Readonly<Record<string, File>> {
  const ui = dirname(createRequire(import.meta.url).resolve("@fastify/swagger-ui/package.json"));
  const shipped = (name: string, type: string) => fileOf(type, readFileSync(join(ui, "static", name)));
  const page = fileOf("text/html; charset=utf-8", HTML);
  return {
    [DOCUMENT]: fileOf("application/json", JSON.stringify(document)),
    [PAGE]: page,
    [`${PAGE}/`]: page,
    [`${PAGE}/page.js`]: fileOf(SCRIPT_TYPE, SCRIPT),
    [`${PAGE}/swagger-ui-bundle.js`]: shipped("swagger-ui-bundle.js", SCRIPT_TYPE),
    [`${PAGE}/swagger-ui.css`]: shipped("swagger-ui.css", "text/css; charset=utf-8"),
    [`${PAGE}/favicon.png`]: shipped("favicon-32x32.png", "image/png"),
  };
}

const SCRIPT_TYPE = "text/javascript; charset=utf-8";

const fileOf = (type: string, content: string | Buffer): File => ({
  type,
  content,
  tag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`,
});

function send({ type, content, tag }: File, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Kept by clients, who ask each time whether it is still the same.
  reply.header("etag", tag).header("cache-control", "no-cache");
  if (headers["if-none-match"] === tag) return reply.code(304).send();
  if (type.startsWith("text/html")) reply.header("content-security-policy", POLICY);
  return reply.type(type).send(content);
}

/** Nothing from elsewhere, nothing written into the page itself; pictures in its style sheet are data. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Barong API</title>
<link rel="icon" type="image/png" href="${PAGE}/favicon.png">
<link rel="stylesheet" href="${PAGE}/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="${PAGE}/swagger-ui-bundle.js"></script>
<script src="${PAGE}/page.js"></script>
</body>
</html>
`;

// The validator that it would ask otherwise is on another host.
const SCRIPT = `SwaggerUIBundle({
  url: "${DOCUMENT}",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
});
`;
