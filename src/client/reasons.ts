import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";

const DOMAIN = "barong";

/** The codes for which the server refused a call, such as `email.taken`; none when the failure is not the server's word. */
export const reasonsOf = (error: unknown): readonly string[] =>
  ConnectError.from(error)
    .findDetails(ErrorInfoSchema)
    .filter(({ domain }) => domain === DOMAIN)
    .map(({ reason }) => reason);
