import { METHODS } from "node:http";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { discardBody, mayHaveBody, type RawRequest } from "./body.js";
import { LazyCall } from "./call.js";
import { readsBody } from "./decode.js";
import { TranscodingError } from "./error.js";
import { isHttpBody } from "./http-body.js";
import type { DecodePolicy } from "./incoming.js";
import { defaultLimits, type RestMethod, type TranscoderLimits, type TranscoderOptions } from "./options.js";
import {
  bytesOfHttpBody,
  httpBodyOf,
  protoJsonWriter,
  type ResponseValue,
  responseValueOf,
  type StartedStream,
  startStream,
  streamOf,
} from "./respond.js";
import type { Found } from "./router.js";
import { type Binding, compileRules } from "./rules.js";
import { statusOf } from "./status.js";
import { splitTarget } from "./target.js";

/** A Fastify plugin that answers the google.api.http rules of the methods. Throws RuleConflict when rules are malformed or collide. */
export function transcoder(options: TranscoderOptions): FastifyPluginAsync {
  const door = new RestDoor(options);
  return async (app) => door.mount(app);
}

class RestDoor {
  private readonly limits: TranscoderLimits;
  private readonly policies = new Map<DescMethod, DecodePolicy>();
  private readonly router;
  private readonly methods: ReadonlyMap<DescMethod, RestMethod>;
  private readonly writeJson: (value: ResponseValue) => string;

  constructor(private readonly options: TranscoderOptions) {
    const { collapseSlashes = true, ignoreTrailingSlash = true, ignoreUnknown = true } = options;
    const { nullMeansEmpty = never, blankIsUnset = never, jsonAsText = never } = options;
    const { enumWords = false, registry } = options;
    this.limits = { ...defaultLimits, ...options.limits };
    const habits = { ignoreUnknown, nullMeansEmpty, blankIsUnset, jsonAsText, enumWords };
    const policy = { ...this.limits, ...habits, registry };
    this.methods = new Map([...options.methods].map((rest) => [rest.method, rest]));
    for (const method of this.methods.keys())
      this.policies.set(method, { ...policy, ...this.boundsOf(method) });
    const paths = { collapseSlashes, ignoreTrailingSlash };
    this.router = compileRules(this.methods.keys(), paths).router;
    this.writeJson = options.writeJson ?? protoJsonWriter(registry);
  }

  private boundsOf(method: DescMethod): Pick<DecodePolicy, "bodyBytes" | "formBytes" | "keptFormBytes"> {
    const { bodyBytes: ordinary } = this.limits;
    const bodyBytes = this.options.bodyBytes?.(method) ?? ordinary;
    const formBytes = this.options.formBytes?.(method);
    if (formBytes === undefined) return { bodyBytes, formBytes: bodyBytes, keptFormBytes: bodyBytes };
    return { bodyBytes, formBytes, keptFormBytes: ordinary };
  }

  mount(app: FastifyInstance): void {
    // Bodies are read here, when the method asks for them; this holds for this plugin's scope only.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
    app.setErrorHandler((error, request, reply) => this.failBefore(error, request, reply));
    app.addHook("onRequest", (request, _reply, done) => {
      this.forgetUnreadType(request);
      done();
    });
    for (const method of METHODS) {
      if (method === "CONNECT" || app.supportedMethods.includes(method)) continue;
      app.addHttpMethod(method, { hasBody: true });
    }
    // As one with a body, Fastify would insist on a Content-Type, which is for the method to decide.
    app.addHttpMethod("QUERY", { hasBody: false, overrideExisting: true });
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      this.answer(request, reply);
    };
    const method = app.supportedMethods.filter((each) => each !== "OPTIONS");
    app.route({ method, url: "/*", handler });
    // CORS plugins of a host claim "OPTIONS *" for themselves; these are more specific.
    for (const url of ["/", "/:first", "/:first/*"]) app.route({ method: "OPTIONS", url, handler });
  }

  private answer(request: FastifyRequest, reply: FastifyReply): void {
    const raw = request.raw as RawRequest;
    let call: LazyCall | undefined;
    try {
      const { path, query } = splitTarget(request.raw.url ?? "/");
      const found = this.find(request.method, path);
      if (found === undefined) throw new TranscodingError("not_found", "there is nothing at this path");
      if ("allow" in found) {
        this.refuseMethod(request, reply, found.allow);
        return;
      }
      const { route: binding, values } = found;
      const policy = this.policies.get(binding.method);
      if (policy === undefined) throw new Error(`${binding.method.name} is not served`);
      const incoming = { raw, binding, values, query };
      call = new LazyCall(request, reply, incoming, policy, this.options.receiveFile);
      if (mayHaveBody(raw)) this.drain(raw, reply, !readsBody(binding, raw));
      this.invoke(binding, call, reply);
    } catch (error) {
      if (mayHaveBody(raw)) this.drain(raw, reply, true);
      this.fail(error, reply, call);
    }
  }

  /** Fastify refuses a media type that is malformed, which is of no interest to a method that reads no body. */
  private forgetUnreadType({ method, raw }: FastifyRequest): void {
    const type = raw.headers["content-type"];
    if (type === undefined || ORDINARY_TYPE.test(type)) return;
    try {
      const found = this.find(method, splitTarget(raw.url ?? "/").path);
      if (found && !("allow" in found) && !readsBody(found.route, raw as RawRequest))
        delete raw.headers["content-type"];
    } catch {
      // A path that cannot be read is refused for that, in its turn.
    }
  }

  /** For what Fastify or a hook of the host threw before the request got here. */
  private failBefore(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const raw = request.raw as RawRequest;
    if (mayHaveBody(raw)) this.drain(raw, reply, true);
    const isMediaType = error instanceof Error && "statusCode" in error && error.statusCode === 415;
    this.fail(isMediaType ? new TranscodingError("unsupported_media_type", error.message) : error, reply);
  }

  private find(method: string, path: string): Found<Binding> | undefined {
    if (path.length > this.limits.pathBytes) {
      throw new TranscodingError("path_too_long", `the path has more than ${this.limits.pathBytes} bytes`);
    }
    return this.router.find(method, path);
  }

  private refuseMethod(request: FastifyRequest, reply: FastifyReply, offered: readonly string[]): void {
    const withHead = offered.includes("GET") ? ["HEAD"] : [];
    const allow = [...new Set([...offered, ...withHead, "OPTIONS"])].sort();
    if (request.method === "OPTIONS") {
      reply.code(204).header("allow", allow.join(", ")).send();
      return;
    }
    throw new TranscodingError("method_not_allowed", `${request.method} is not allowed here`, allow);
  }

  private invoke(binding: Binding, call: LazyCall, reply: FastifyReply): void {
    const { method } = binding;
    const result = this.methods.get(method)?.invoke(call);
    if (result === undefined) throw new Error(`${method.name} has no implementation`);
    if (Symbol.asyncIterator in result) {
      startStream(result)
        .then((stream) => this.sendStream(binding, call, reply, stream))
        .catch((error: unknown) => this.fail(error, reply, call));
      return;
    }
    result
      .then((message) => this.sendMessage(binding, call, reply, message))
      .catch((error: unknown) => this.fail(error, reply, call));
  }

  private sendMessage(binding: Binding, call: LazyCall, reply: FastifyReply, message: Message): void {
    const { method } = binding;
    const { successStatus, emptyBody, beforeSend } = this.options;
    const status = successStatus?.(method) ?? 200;
    call.copyHeaders();
    reply.code(status);
    beforeSend?.(call, message, reply);
    if (status === 204 || emptyBody?.(method) === true) {
      reply.send();
      return;
    }
    const value = responseValueOf(binding, message);
    const httpBody = httpBodyOf(value);
    if (httpBody === undefined) reply.type(jsonType).send(this.writeJson(value));
    else reply.type(httpBody.contentType || octetStream).send(bytesOfHttpBody(httpBody));
  }

  private async sendStream(
    binding: Binding,
    call: LazyCall,
    reply: FastifyReply,
    stream: StartedStream,
  ): Promise<void> {
    const { method, responseBody } = binding;
    const { first, rest } = stream;
    call.copyHeaders();
    reply.code(this.options.successStatus?.(method) ?? 200);
    if (first.done !== true) this.options.beforeSend?.(call, first.value, reply);
    const sample = first.done === true ? undefined : httpBodyOf(responseValueOf(binding, first.value));
    const isRaw = sample !== undefined || isHttpBody(responseBody?.message ?? method.output);
    reply.type(isRaw ? sample?.contentType || octetStream : linesType);
    if (reply.request.method === "HEAD") {
      await rest.return?.();
      reply.send();
      return;
    }
    const write = (message: Message) => {
      const value = responseValueOf(binding, message);
      const httpBody = httpBodyOf(value);
      return httpBody === undefined ? `${this.writeJson(value)}\n` : bytesOfHttpBody(httpBody);
    };
    // Among the bytes of a file the words of a failure would be taken for a part of it.
    const writeFailure = isRaw ? undefined : (error: unknown) => this.streamFailure(error, method);
    reply.send(streamOf(stream, write, writeFailure));
  }

  private streamFailure(error: unknown, method: DescMethod): string {
    const { writeStreamFailure, registry } = this.options;
    const json =
      writeStreamFailure?.(error, method) ?? JSON.stringify({ error: statusOf(error, registry).json });
    return `${json}\n`;
  }

  private fail(error: unknown, reply: FastifyReply, call?: LazyCall): void {
    if (reply.sent) return;
    call?.copyHeaders();
    if (error instanceof TranscodingError && error.allow !== undefined) {
      reply.header("allow", error.allow.join(", "));
    }
    const { sendFailure, registry } = this.options;
    if (sendFailure === undefined) {
      const { httpStatus, json } = statusOf(error, registry);
      reply.code(httpStatus).type(jsonType).send(JSON.stringify(json));
      return;
    }
    const answer = async () => sendFailure(error, reply, call?.method);
    // A host that fails at failing leaves the bare status.
    answer().catch(() => {
      if (!reply.sent) reply.code(500).send();
    });
  }

  /** Lets the client finish its upload within bounds, so that it gets to read the answer. */
  private drain(raw: RawRequest, reply: FastifyReply, atOnce: boolean): void {
    const response = reply.raw;
    const hangUp = () => {
      raw.pause();
      if (response.writableFinished) raw.destroy();
      else response.once("finish", () => raw.destroy());
    };
    const discard = () => discardBody(raw, this.limits.discardBytes, hangUp);
    if (atOnce) discard();
    else response.once("finish", discard);
  }
}

const never = () => false;
/** As clients write them. What Fastify takes for well-formed beyond that is left to it. */
const ORDINARY_TYPE = /^[a-z]+\/[a-z0-9.+-]+(?:;\s?[a-z]+=[\w.-]+)?$/i;
const jsonType = "application/json; charset=utf-8";
const linesType = "application/x-ndjson";
const octetStream = "application/octet-stream";
