import type { DocumentService } from "../../../gen/barong/resource/v1/document_service_pb.js";
import type { FileService } from "../../../gen/barong/resource/v1/file_service_pb.js";
import { attachmentNamed } from "../../platform/attachment.js";
import type { Handlers } from "../../platform/call.js";
import type { Documents } from "./documents.js";
import { ownDocumentView } from "./view.js";

export const documentHandlers = (documents: Documents): Handlers<typeof DocumentService> => ({
  async listDocuments(_request, { caller }) {
    return { documents: (await documents.ofAccount(caller.accountId)).map(ownDocumentView) };
  },

  async createDocuments({ docExpire = "", docType = "", docNumber = "", upload, metadata }, call) {
    const files = upload.map((file) => ({ name: file.filename, content: call.contentOf(file) }));
    await documents.submit(call.caller.accountId, { docExpire, docType, docNumber, metadata, files });
    return {};
  },
});

export const fileHandlers = (documents: Documents): Handlers<typeof FileService> => ({
  async *downloadFile({ key, expires, name, type, signature }, { responseHeader }) {
    const link = { expires: Number(expires), name, type, signature };
    const { stream, fileName, contentType } = await documents.openFile(key, link);
    responseHeader.set("content-disposition", attachmentNamed(fileName));
    // Should a browser show it all the same, nothing in it runs or loads, and it is from nowhere.
    responseHeader.set("content-security-policy", "sandbox; default-src 'none'");
    responseHeader.set("x-content-type-options", "nosniff");
    for await (const data of stream) yield { contentType, data };
  },
});
