import type { AuthzService, KeyService } from "../../../gen/barong/authz/v1/authz_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { Authz } from "./authz.js";

export const authzHandlers = (authz: Authz): Handlers<typeof AuthzService> => ({
  async authorize({ path }, { requestHeader, responseHeader }) {
    const authorization = await authz.authorize(path, requestHeader);
    if (authorization === undefined) return {};
    responseHeader.set("authorization", authorization);
    return { authorization };
  },
});

export const keyHandlers = (authz: Authz): Handlers<typeof KeyService> => ({
  async listKeys() {
    const keys = authz.publicKeys().map(({ kty = "", use = "", alg = "", kid, n, e, crv, x, y }) => {
      const material = Object.entries({ n, e, crv, x, y }).filter(([, value]) => value !== undefined);
      return { kty, use, alg, kid, ...Object.fromEntries(material) };
    });
    return { keys };
  },
});
