import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { PhoneSchema } from "../../../gen/barong/entities/v1/phone_pb.js";
import type { Phone } from "./store.js";

export const phoneView = ({
  country,
  number,
  validatedAt,
}: Pick<Phone, "country" | "number" | "validatedAt">): MessageInitShape<typeof PhoneSchema> => ({
  country,
  number,
  ...(validatedAt !== null && { validatedAt: timestampFromDate(validatedAt) }),
});
