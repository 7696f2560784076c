import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { ApiKeyService } from "../../../gen/barong/resource/v1/api_key_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import { rangeOf } from "../../platform/page.js";
import type { ApiKeys } from "./api-keys.js";
import { allowedIpsOf, scopeOf } from "./rules.js";
import { apiKeyView, stateOf } from "./view.js";

export const apiKeyHandlers = (apiKeys: ApiKeys): Handlers<typeof ApiKeyService> => ({
  async listApiKeys(request, { caller }) {
    const { rows, total } = await apiKeys.list(caller.accountId, rangeOf(request));
    return { apiKeys: rows.map((key) => apiKeyView(key)), total: BigInt(total) };
  },

  async createApiKey({ algorithm = "", scope, allowedIps, expiresAt }, { caller }) {
    const wanted = {
      algorithm,
      scope: scope === undefined ? [] : scopeOf(scope),
      allowedIps: ipsIn(allowedIps),
      expiresAt: momentOf(expiresAt),
    };
    const { key, secret } = await apiKeys.create(caller.accountId, wanted, caller);
    return { apiKey: apiKeyView(key, secret) };
  },

  async updateApiKey({ kid = "", scope, state, allowedIps, expiresAt }, { caller }) {
    const change = {
      scope: scope === undefined ? undefined : scopeOf(scope),
      state: stateOf(state),
      allowedIps: ipsIn(allowedIps),
      expiresAt: momentOf(expiresAt),
    };
    const own = { userId: caller.accountId, kid };
    return { apiKey: apiKeyView(await apiKeys.change(own, change, caller)) };
  },

  async deleteApiKey({ kid = "" }, { caller }) {
    await apiKeys.delete({ userId: caller.accountId, kid });
    return {};
  },
});

function ipsIn(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const ips = allowedIpsOf(text);
  if (!ips) throw new Failure(ErrorReason.API_KEY_IPS_INVALID);
  return ips;
}

const momentOf = (timestamp: Timestamp | undefined): Date | undefined =>
  timestamp && timestampDate(timestamp);
