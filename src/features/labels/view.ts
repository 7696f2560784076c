import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type LabelSchema, LabelScope as ScopeShown } from "../../../gen/barong/entities/v1/label_pb.js";
import type { Label, LabelScope } from "./store.js";

const shown: Record<LabelScope, ScopeShown> = { public: ScopeShown.PUBLIC, private: ScopeShown.PRIVATE };

export const labelView = ({
  key,
  value,
  scope,
  createdAt,
  updatedAt,
}: Label): MessageInitShape<typeof LabelSchema> => ({
  key,
  value,
  scope: shown[scope],
  createdAt: timestampFromDate(createdAt),
  updatedAt: timestampFromDate(updatedAt),
});

/** The scope that a request names. */
export const scopeOf = (scope: ScopeShown): LabelScope =>
  scope === ScopeShown.PRIVATE ? "private" : "public";
