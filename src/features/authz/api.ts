import type { PermissionService } from "../../../gen/barong/admin/v1/permission_service_pb.js";
import type { AuthzService, KeyService } from "../../../gen/barong/authz/v1/authz_service_pb.js";
import type { Asked, Call, Handlers } from "../../platform/call.js";
import type { Authz } from "./authz.js";
import type { Explain } from "./explain.js";
import { lineOf, type Question } from "./question.js";

export const authzHandlers = (authz: Authz): Handlers<typeof AuthzService> => ({
  async authorize({ path }, call) {
    const { authorization } = await authz.judge(questionIn(path, call));
    if (authorization === undefined) return {};
    call.responseHeader.set("authorization", authorization);
    return { authorization };
  },
});

/** Over REST the request itself is the question, whatever it looks like; through the other doors the message names the path. */
function questionIn(path: string, { door, asked, origin }: Call): Question {
  const isHttp = door === "rest";
  const { verb, target } = isHttp ? lineOf(asked) : { verb: "GET", target: `/${path.replace(/^\/+/, "")}` };
  return {
    verb,
    target,
    header: asked,
    origin,
    async body() {
      if (asked.get("x-envoy-auth-partial-body") === "true") return "partial";
      return isHttp && mayHaveBody(asked) ? asked.bodySha256() : undefined;
    },
  };
}

/** Gateways that hand no body on say so, whatever the request has. */
const mayHaveBody = (asked: Asked): boolean =>
  asked.get("transfer-encoding") !== null || Number(asked.get("content-length") ?? 0) > 0;

export const explainHandler =
  (explain: Explain): Handlers<typeof PermissionService>["explainVerdict"] =>
  ({ verb = "GET", path = "", uid, kid }) =>
    explain({ verb: verb.toUpperCase(), target: path, uid, kid });

export const keyHandlers = (authz: Authz): Handlers<typeof KeyService> => ({
  async listKeys() {
    const keys = authz.publicKeys().map(({ kty = "", use = "", alg = "", kid, n, e, crv, x, y }) => {
      const material = Object.entries({ n, e, crv, x, y }).filter(([, value]) => value !== undefined);
      return { kty, use, alg, kid, ...Object.fromEntries(material) };
    });
    return { keys };
  },
});
