import type { LabelService } from "../../../gen/barong/admin/v1/label_service_pb.js";
import { LabelScope } from "../../../gen/barong/entities/v1/label_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { Labels } from "./labels.js";
import { scopeOf } from "./view.js";

export const adminLabelHandlers = (labels: Labels): Handlers<typeof LabelService> => ({
  async createLabel({ uid = "", key = "", value = "", scope = LabelScope.PUBLIC }) {
    await labels.createFor(uid, { key, scope: scopeOf(scope) }, value);
    return {};
  },

  async updateLabel({ uid = "", key = "", value = "", scope = LabelScope.PUBLIC }) {
    await labels.changeFor(uid, { key, scope: scopeOf(scope) }, value);
    return {};
  },

  async deleteLabel({ uid = "", key = "", scope = LabelScope.PUBLIC }) {
    await labels.deleteFor(uid, { key, scope: scopeOf(scope) });
    return {};
  },
});
