import { getOption } from "@bufbuild/protobuf";
import { AuthzService } from "../../../gen/barong/authz/v1/authz_service_pb.js";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { http } from "../../../gen/google/api/annotations_pb.js";
import type { Asked, Origin } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";

/** A request that a gateway asks about. */
export interface Question {
  /** In capitals. */
  readonly verb: string;
  /** Path and query as the client sent them to the gateway; begins with a slash. */
  readonly target: string;
  readonly header: Pick<Headers, "get">;
  /** Where the client is, as far as the gateway tells. */
  readonly origin: Origin;
  /** The SHA-256 of the body as hex where the gateway hands it on; `partial` when it hands on a part only. */
  body(): Promise<string | "partial" | undefined>;
}

/** What every target of the endpoint begins with, in front of the path that is asked about. */
const ENDPOINT = endpointPattern();

/**
 * The question in a call of the endpoint: in the target behind the endpoint's own path, or, where that is empty, in the headers of
 * nginx (`X-Original-URI`) or Traefik (`X-Forwarded-Uri`), which only trusted proxies may set, each
 * with the method beside it. Throws Failure(PERMISSION_DENIED) where
 * it is not clear what is asked about.
 */
export function lineOf(asked: Asked): Pick<Question, "verb" | "target"> {
  const [whole, target = ""] = ENDPOINT.exec(asked.target) ?? [];
  if (whole === undefined) throw unclear();
  const isEmpty = /^\/*(?:\?|$)/.test(target);
  // In front of a gateway that writes the path, a header of the client's own may be of another opinion.
  if (!isEmpty && asked.byTrustedProxy) refuseUnless(target, asked);
  if (!isEmpty) return { verb: asked.verb, target };
  if (!NAMES.some((name) => asked.get(name) !== null))
    return { verb: asked.verb, target: `/${target.replace(/^\/+/, "")}` };
  // A gateway that is not trusted, by mistake, would have everything judged by the empty path.
  if (!asked.byTrustedProxy) throw unclear();
  const named = soleOf(asked, "x-original-uri", "x-forwarded-uri");
  const verb = soleOf(asked, "x-original-method", "x-forwarded-method");
  // nginx asks with GET whatever is asked about: without the method rules for it would not hold.
  if (named === undefined || verb === undefined) throw unclear();
  if (!named.startsWith("/") || !/^[A-Za-z-]{1,32}$/.test(verb)) throw unclear();
  return { verb: verb.toUpperCase(), target: named };
}

/** Headers that say that something is asked about in headers, `X-Original-URL` being one that is not read here. */
const NAMES = [
  ...["x-original-uri", "x-original-method", "x-original-url"],
  ...["x-forwarded-uri", "x-forwarded-method"],
];

function refuseUnless(target: string, asked: Asked): void {
  const named = soleOf(asked, "x-original-uri", "x-forwarded-uri");
  if (named !== undefined && named !== target) throw unclear();
}

/** The value of whichever header is there; of two that differ nobody knows which one the gateway wrote. */
function soleOf(header: Pick<Headers, "get">, one: string, other: string): string | undefined {
  const first = header.get(one);
  const second = header.get(other);
  if (first !== null && second !== null && first !== second) throw unclear();
  return first ?? second ?? undefined;
}

const unclear = () => new Failure(ErrorReason.PERMISSION_DENIED);

function endpointPattern(): RegExp {
  const { pattern } = getOption(AuthzService.method.authorize, http);
  const template = pattern.case === "custom" ? pattern.value.path : "";
  const segments = template.slice(0, template.indexOf("/{")).split("/").slice(1);
  // Slashes may be repeated, as on all routes.
  return new RegExp(`^/+${segments.join("/+")}(?=[/?]|$)(.*)$`, "s");
}
