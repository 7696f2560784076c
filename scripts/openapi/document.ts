import type { DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { compileRules } from "../../src/transcoding/rules.js";
import { answerSchema } from "./answers.js";
import { Catalogue } from "./catalogue.js";
import { commentOf } from "./comments.js";
import { Components } from "./components.js";
import type { Node } from "./json.js";
import { type Operation, operationsOf, tagOf } from "./operations.js";

/** The REST face of the schema as OpenAPI 3.1. */
export function documentOf(files: readonly DescFile[], version: string): Node {
  const catalogue = new Catalogue(files);
  const components = new Components();
  const services = files.flatMap((file) => file.services).sort(byAudience);
  const methods = services.flatMap((service) => service.methods);
  const { bindings } = compileRules(methods, { collapseSlashes: true, ignoreTrailingSlash: true });
  const operations = bindings.flatMap((binding) => {
    const place = bindings.filter(({ method }) => method === binding.method).indexOf(binding);
    return operationsOf(binding, place, catalogue, components);
  });
  // Front ends know them by name, whether an operation answers with them or not.
  const entities = files.flatMap(({ messages }) => messages).filter(isEntity);
  for (const entity of entities) if (!components.isReferredTo(entity)) answerSchema(entity, components);
  const tagged = services.filter(({ methods }) => bindings.some(({ method }) => methods.includes(method)));
  return {
    openapi: "3.1.0",
    info: {
      title: "Barong",
      version,
      description: ABOUT,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: tagged.map(tag),
    paths: pathsOf(operations),
    components: { ...components.all, securitySchemes: SECURITY },
  };
}

/** As somebody meets them who comes anew. */
const AUDIENCES = ["identity", "resource", "admin", "authz"];

function byAudience(one: DescService, other: DescService): number {
  const [first, second] = [one, other].map((service) =>
    AUDIENCES.indexOf(tagOf(service).split(".")[0] ?? ""),
  );
  return (first ?? 0) - (second ?? 0);
}

const tag = (service: DescService): Node => ({ name: tagOf(service), description: commentOf(service) });

const isEntity = ({ typeName }: DescMessage): boolean => typeName.startsWith("barong.entities.");

function pathsOf(operations: readonly Operation[]): Node {
  const paths: Record<string, Record<string, Node>> = {};
  for (const { path, httpMethod, operation } of operations) {
    paths[path] = { ...paths[path], [httpMethod]: operation };
  }
  return paths;
}

const ABOUT = `An open identity server for exchanges and fintech.

**Parameters** of a body may come as JSON, as a urlencoded or as a multipart form, and in the query as well; what the path says wins over
the body, and the body over the query. Names that an operation does not know are ignored, and \`null\` stands for what is not there. The
words of an enumeration are read in any letter case. Slashes may be doubled in a path and may end it.

**Refusals** are \`{"errors": ["code", …]}\` with the codes listed at each operation. A parameter that is missing or blank is answered with
400, one that is there but breaks a rule with 422, both together with 400 and every code in the order of the parameters. A path that does not
exist is answered with 404 \`{"error": "Route is not found"}\`, a path that has not the method asked for with 405
\`{"errors": ["request.method_not_allowed"]}\` and the header \`Allow\`.

**Callers** are known by a bearer token, by the cookie of a session or by the signature of an API key; \`security\` says which of them an operation takes, and a token that was made
for an API key counts as that. Pages of other origins cannot use the cookie to change anything.

Every answer has the header \`X-Request-Id\`: that of the request, or one made up for it; the server's log has it too. Times are in UTC.`;

const SECURITY: Node = {
  bearer: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The token that the gateway gets from `authz.AuthzService` for a session.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "_barong_session",
    description: "The cookie that `identity.SessionService.CreateSession` sets.",
  },
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "X-Auth-Apikey",
    description: "The `kid` of an API key; needs the nonce and the signature beside it.",
  },
  apiKeyNonce: {
    type: "apiKey",
    in: "header",
    name: "X-Auth-Nonce",
    description: "The time in milliseconds since 1970.",
  },
  apiKeySignature: {
    type: "apiKey",
    in: "header",
    name: "X-Auth-Signature",
    description: "What the key's secret gives for this nonce or this request; see docs/api-keys.",
  },
};
