import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ProfileSchema } from "../../../gen/barong/entities/v1/profile_pb.js";
import type { Profile } from "./store.js";

export function profileView(profile: Profile): MessageInitShape<typeof ProfileSchema> {
  const { firstName, lastName, dob, address, postcode, city, country, metadata } = profile;
  return {
    firstName,
    lastName,
    dob,
    address,
    postcode,
    city,
    country,
    ...(metadata !== null && { metadata: JSON.parse(metadata) }),
  };
}
