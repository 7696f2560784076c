import type { LabelService } from "../../../gen/barong/resource/v1/label_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import type { Labels } from "./labels.js";
import { labelView } from "./view.js";

export const labelHandlers = (labels: Labels): Handlers<typeof LabelService> => ({
  async listLabels(_request, { caller }) {
    return { labels: (await labels.ofAccount(caller.accountId)).map(labelView) };
  },

  async getLabel({ key = "" }, { caller }) {
    return { label: labelView(await labels.find(caller.accountId, key)) };
  },

  async createLabel({ key = "", value = "" }, { caller }) {
    return { label: labelView(await labels.create(caller.accountId, key, value)) };
  },

  async updateLabel({ key = "", value = "" }, { caller }) {
    return { label: labelView(await labels.change(caller.accountId, key, value)) };
  },

  async deleteLabel({ key = "" }, { caller }) {
    await labels.delete(caller.accountId, key);
    return {};
  },
});
