import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type ApiKeySchema, ApiKeyState as State } from "../../../gen/barong/entities/v1/api_key_pb.js";
import type { ApiKey, ApiKeyState } from "./api-keys.js";

const states: Record<ApiKeyState, State> = {
  active: State.ACTIVE,
  inactive: State.INACTIVE,
  disabled: State.DISABLED,
};

const stateNames = new Map<State, ApiKeyState>([
  [State.ACTIVE, "active"],
  [State.INACTIVE, "inactive"],
  [State.DISABLED, "disabled"],
]);

/** Undefined for a state that was not given. */
export const stateOf = (state: State | undefined): ApiKeyState | undefined =>
  state === undefined ? undefined : stateNames.get(state);

export const apiKeyView = (
  { kid, algorithm, scope, state, createdAt, updatedAt, allowedIps, expiresAt, lastUsedAt }: ApiKey,
  secret?: string,
): MessageInitShape<typeof ApiKeySchema> => ({
  kid,
  algorithm,
  scope: [...scope],
  state: states[state],
  ...(secret !== undefined && { secret }),
  createdAt: timestampFromDate(createdAt),
  updatedAt: timestampFromDate(updatedAt),
  allowedIps: [...allowedIps],
  ...(expiresAt !== null && { expiresAt: timestampFromDate(expiresAt) }),
  ...(lastUsedAt !== null && { lastUsedAt: timestampFromDate(lastUsedAt) }),
});
