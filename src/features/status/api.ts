import type { StatusService } from "../../../gen/barong/identity/v1/status_service_pb.js";
import type { Handlers } from "../../platform/call.js";
import { type Clock, secondsOf } from "../../platform/clock.js";

export const statusHandlers = (clock: Clock): Handlers<typeof StatusService> => ({
  async ping() {
    return { ping: "pong" };
  },

  async getTime() {
    return { time: BigInt(secondsOf(clock())) };
  },
});
