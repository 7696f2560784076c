import type { DescService } from "@bufbuild/protobuf";
import type { Access } from "../../gen/barong/options/v1/options_pb.js";

/** Which doors open on a service: every one, or gRPC alone, for what only machines of the operator should reach. */
export type Offer = "every door" | "grpc only";

/** A service beside its implementation, as `serve` joins them. */
export interface Served {
  readonly service: DescService;
  readonly handlers: Readonly<Record<string, unknown>>;
  readonly offer: Offer;
  readonly access: Access;
}
