import { type DescMessage, type DescService, fromBinary, getOption } from "@bufbuild/protobuf";
import type { FastifyInstance, InjectOptions } from "fastify";
import { pino } from "pino";
import { Access } from "../../gen/barong/options/v1/options_pb.js";
import { http as httpRule } from "../../gen/google/api/annotations_pb.js";
import type { Handlers } from "../../src/platform/call.js";
import { Failure } from "../../src/platform/failure.js";
import { compileRules, nameOf } from "../../src/transcoding/rules.js";
import { createAnswers } from "../../src/wire/answers.js";
import { clientAddressBehind } from "../../src/wire/client-address.js";
import { type GuardNeeds, guard } from "../../src/wire/guard.js";
import { createHttpHost } from "../../src/wire/http.js";
import { countNoMalformedRequests } from "../../src/wire/malformed-requests.js";
import { boundMessage } from "../../src/wire/message-bounds.js";
import { compileServices, type ServedMethod, serve } from "../../src/wire/services.js";
import { Refusal } from "../../src/wire/steps/breaches.js";
import { validation } from "../../src/wire/steps/validate.js";
import { NO_VIOLATIONS } from "../../src/wire/wire-call.js";
import { servicesOfSchema } from "../support/schema-services.js";
import { dana } from "../wire/support.js";
import type { Genome } from "./genome.js";
import { encodePairs, renderJson, renderMessage, renderPairs } from "./render.js";

/** A method that is sent requests in one format. */
export interface Target {
  readonly name: string;
  readonly schema: DescMessage;
  prepare(genome: Genome): Prepared;
}

/** A request that can be sent again and again. */
export interface Prepared {
  readonly bytes: number;
  /** Reads, decodes and validates it. Rejects for what is no refusal. */
  run(): Promise<void>;
}

/** Every method of the schema in every format, with handlers that do nothing. */
export async function openTargets(): Promise<{
  readonly targets: readonly Target[];
  close(): Promise<void>;
}> {
  const methods = compileServices((await ownServices()).map(serveNothing));
  const host = await openHost(methods);
  const targets = [
    ...methods.map(messageTarget),
    ...methods
      .filter(({ method }) => method.methodKind === "unary")
      .map((served) => connectTarget(served, host)),
    ...methods.flatMap((served) => restTargets(served, host)),
  ];
  return { targets, close: async () => void (await host.close()) };
}

const ownServices = async () =>
  (await servicesOfSchema()).filter(({ typeName }) => /^(?:barong|envoy)\./.test(typeName));

function serveNothing(service: DescService) {
  const handlers = service.methods.map(({ localName, methodKind }) => [
    localName,
    methodKind === "unary" ? async () => ({}) : async function* nothing() {},
  ]);
  return serve(service, Object.fromEntries(handlers) as Handlers<typeof service>, { access: Access.PUBLIC });
}

const { uid, email, level } = dana;
const nothing = async () => undefined;

const guardNeeds: GuardNeeds = {
  steps: {
    identify: async () => ({
      caller: { kind: "session", accountId: 7, uid, email, role: "superadmin", level, otp: true },
    }),
    verifyCaptcha: nothing,
    spend: nothing,
    knownClientOf: nothing,
    proveSecondFactor: nothing,
    recordRefusal: nothing,
  },
  logger: pino({ level: "silent" }),
  malformed: countNoMalformedRequests,
};

function openHost(methods: readonly ServedMethod[]): Promise<FastifyInstance> {
  const { logger } = guardNeeds;
  return createHttpHost({
    methods: methods.map((served) => guard(served, guardNeeds)),
    answerTo: createAnswers(() => undefined, logger),
    logger,
    clientAddress: clientAddressBehind([]),
    cors: { origins: "*", maxAgeSeconds: 3600, credentials: false },
    https: false,
    ready: () => true,
    draining: () => false,
    shutdown: new AbortController().signal,
  });
}

/** As it is read over gRPC. */
function messageTarget({ method, errorScope }: ServedMethod): Target {
  const validate = validation(method.input, errorScope);
  return {
    name: `${nameOf(method)} as a message`,
    schema: method.input,
    prepare(genome) {
      const bytes = renderMessage(genome);
      const run = async () => {
        try {
          boundMessage(method.input, bytes);
          validate({ message: decode(method.input, bytes), violations: NO_VIOLATIONS });
        } catch (error) {
          if (!(error instanceof Failure || error instanceof Refusal)) throw error;
        }
      };
      return { bytes: bytes.length, run };
    },
  };
}

/** What the decoder throws is a refusal. */
function decode(schema: DescMessage, bytes: Uint8Array) {
  try {
    return fromBinary(schema, bytes);
  } catch {
    throw new Refusal([]);
  }
}

/** JSON over Connect is read by another way than over REST. */
const connectTarget = ({ method }: ServedMethod, host: FastifyInstance): Target => ({
  name: `${nameOf(method)} as JSON over Connect`,
  schema: method.input,
  prepare: (genome) =>
    injected(host, {
      method: "POST",
      url: `/${method.parent.typeName}/${method.name}`,
      headers: { "content-type": "application/json" },
      payload: renderJson(genome),
    }),
});

/** Longest query that node takes, with the rest of the head. */
const MAX_QUERY_BYTES = 12 * 1024;

const form = { "content-type": "application/x-www-form-urlencoded" };

function restTargets({ method }: ServedMethod, host: FastifyInstance): Target[] {
  const path = getOption(method, httpRule).pattern.value;
  const [binding] = compileRules([method], { collapseSlashes: true, ignoreTrailingSlash: true }).bindings;
  if (binding === undefined || typeof path !== "string") return [];
  const url = path.replace(/\{[^}]*\}/g, "1");
  const { httpMethod } = binding;
  const target = (format: string, render: (genome: Genome) => InjectOptions): Target => ({
    name: `${nameOf(method)} as ${format}`,
    schema: method.input,
    prepare: (genome) => injected(host, { method: httpMethod as "POST", url, ...render(genome) }),
  });
  const query = target("a query", (genome) => ({
    url: `${url}?${encodePairs(renderPairs(genome, MAX_QUERY_BYTES))}`,
  }));
  if (httpMethod === "GET" || httpMethod === "DELETE") return [query];
  return [
    query,
    target("JSON", (genome) => ({
      headers: { "content-type": "application/json" },
      payload: renderJson(genome),
    })),
    target("a form", (genome) => ({ headers: form, payload: encodePairs(renderPairs(genome)) })),
    target("a multipart form", (genome) => ({
      headers: { "content-type": "multipart/form-data; boundary=X" },
      payload: multipartOf(genome),
    })),
  ];
}

function injected(host: FastifyInstance, options: InjectOptions): Prepared {
  const url = String(options.url);
  const payload = Buffer.from(typeof options.payload === "string" ? options.payload : "");
  return {
    bytes: url.length + payload.length,
    async run() {
      const { statusCode, body } = await host.inject({ ...options, ...(payload.length > 0 && { payload }) });
      if (statusCode >= 500) throw new Error(`${options.method} ${url.slice(0, 100)}: ${statusCode} ${body}`);
    },
  };
}

function multipartOf(genome: Genome): string {
  const parts: string[] = [];
  let left = 63 * 1024;
  for (const [name, text] of renderPairs(genome)) {
    const quoted = name.replaceAll('"', "%22").replace(/[\r\n]/g, "");
    const part = `--X\r\ncontent-disposition: form-data; name="${quoted}"\r\n\r\n${text}\r\n`;
    left -= Buffer.byteLength(part);
    if (left < 0) break;
    parts.push(part);
  }
  return `${parts.join("")}--X--\r\n`;
}
