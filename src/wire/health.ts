import { setTimeout as sleep } from "node:timers/promises";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Access } from "../../gen/barong/options/v1/options_pb.js";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";
import { Failure } from "../platform/failure.js";
import type { Served } from "./served.js";
import { serve } from "./services.js";

export interface HealthNeeds {
  /** Full names of the services that are offered. */
  readonly services: readonly string[];
  readonly ready: () => boolean | Promise<boolean>;
  /** Aborted when the server begins to go down. */
  readonly draining: AbortSignal;
}

/** How soon a watcher hears of a change that is not a shutdown. */
const WATCH_MILLISECONDS = 2000;

/** The standard health service: for the server as a whole (the empty name) and for each service alike. */
export function healthService({ services, ready, draining }: HealthNeeds): Served {
  const known = new Set(["", Health.typeName, ...services]);
  const statusOf = async (service: string): Promise<Status> => {
    if (!known.has(service)) return Status.SERVICE_UNKNOWN;
    return !draining.aborted && (await ready()) ? Status.SERVING : Status.NOT_SERVING;
  };
  return serve(
    Health,
    {
      async check({ service }) {
        const status = await statusOf(service);
        if (status === Status.SERVICE_UNKNOWN) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        return { status };
      },

      async list() {
        const status = await statusOf("");
        return { statuses: Object.fromEntries([...known].map((name) => [name, { status }])) };
      },

      async *watch({ service }, { signal }) {
        const wakeUp = AbortSignal.any([signal, draining]);
        let told: Status | undefined;
        for (;;) {
          const status = await statusOf(service);
          if (status !== told) yield { status };
          told = status;
          // A watcher must not keep a server alive that has told it to look elsewhere.
          if (wakeUp.aborted) return;
          await sleep(WATCH_MILLISECONDS, undefined, { signal: wakeUp }).catch(() => undefined);
        }
      },
    },
    { offer: "grpc only", access: Access.PUBLIC },
  );
}
