import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { DocumentSchema } from "../../../gen/barong/entities/v1/document_pb.js";
import type { OwnDocumentSchema } from "../../../gen/barong/resource/v1/document_service_pb.js";
import type { LinkedDocument } from "./documents.js";

/** As its owner sees it. */
export const ownDocumentView = ({
  url,
  docType,
  docNumber,
  docExpire,
}: LinkedDocument): MessageInitShape<typeof OwnDocumentSchema> => ({
  upload: { url },
  docType,
  docNumber,
  docExpire,
});

/** As staff see it. */
export const documentView = ({
  url,
  docType,
  docNumber,
  docExpire,
  metadata,
  createdAt,
  updatedAt,
}: LinkedDocument): MessageInitShape<typeof DocumentSchema> => ({
  upload: { url },
  docType,
  docNumber,
  docExpire,
  ...(metadata !== null && { metadata: JSON.parse(metadata) }),
  createdAt: timestampFromDate(createdAt),
  updatedAt: timestampFromDate(updatedAt),
});
