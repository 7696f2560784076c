import type { ApiKeyService } from "../../../gen/barong/resource/v1/api_key_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { rangeOf } from "../../platform/page.js";
import type { ApiKeys } from "./api-keys.js";
import { scopeOf } from "./rules.js";
import { apiKeyView, stateOf } from "./view.js";

export const apiKeyHandlers = (apiKeys: ApiKeys): Handlers<typeof ApiKeyService> => ({
  async listApiKeys(request, { caller }) {
    const { rows, total } = await apiKeys.list(caller.accountId, rangeOf(request));
    return { apiKeys: rows.map((key) => apiKeyView(key)), total: BigInt(total) };
  },

  async createApiKey({ algorithm = "", scope }, { caller }) {
    const words = scope === undefined ? [] : scopeOf(scope);
    const { key, secret } = await apiKeys.create(caller.accountId, { algorithm, scope: words });
    return { apiKey: apiKeyView(key, secret) };
  },

  async updateApiKey({ kid = "", scope, state }, { caller }) {
    const change = { scope: scope === undefined ? undefined : scopeOf(scope), state: stateOf(state) };
    return { apiKey: apiKeyView(await apiKeys.change({ userId: caller.accountId, kid }, change)) };
  },

  async deleteApiKey({ kid = "" }, { caller }) {
    await apiKeys.delete({ userId: caller.accountId, kid });
    return {};
  },
});
