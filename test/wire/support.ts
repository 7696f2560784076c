import { Writable } from "node:stream";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { UserState } from "../../gen/barong/entities/v1/user_pb.js";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import {
  type CreateSessionResponseSchema,
  SessionService,
} from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { UserService as OwnAccountService } from "../../gen/barong/resource/v1/user_service_pb.js";
import type { Audit, Call, Handlers } from "../../src/platform/call.js";
import { Failure, type Subject } from "../../src/platform/failure.js";
import { type DoorNeeds, type DoorSettings, openDoors } from "../../src/wire/doors.js";
import type { GrpcLimits } from "../../src/wire/grpc-limits.js";
import type { Steps } from "../../src/wire/guard.js";
import { serve } from "../../src/wire/services.js";

type Overrides = Partial<Omit<DoorNeeds, "settings" | "steps">> & {
  readonly settings?: Partial<DoorSettings>;
  readonly steps?: Partial<Steps>;
  readonly session?: Partial<Handlers<typeof SessionService>>;
  readonly user?: Partial<Handlers<typeof UserService>>;
  readonly status?: Partial<Handlers<typeof StatusService>>;
};

export const dana = {
  email: "dana@example.com",
  uid: "ID30DD0DD986",
  role: "member",
  level: 3,
  otp: false,
  state: UserState.ACTIVE,
} satisfies MessageInitShape<typeof CreateSessionResponseSchema>["user"];

export interface Recorded {
  readonly audit: Audit;
  readonly about: Subject;
  readonly sentence: string;
}

export const GRPC_LIMITS: GrpcLimits = {
  connectionsPerClient: 100,
  streamsPerConnection: 100,
  requestTimeoutSeconds: 60,
  connectionIdleSeconds: 900,
  connectionAgeSeconds: 3600,
};

/** Doors with handlers that do next to nothing, on free ports. They close when the test ends. */
export async function openTestDoors(overrides: Overrides = {}) {
  const refusals: Recorded[] = [];
  const buckets: string[] = [];
  const calls: Call[] = [];
  const lines: string[] = [];
  const note = (call: Call) => {
    calls.push(call);
  };
  const steps: Steps = {
    async identify(call) {
      if (call.requestHeader.get("authorization") !== "Bearer good")
        throw new Failure(ErrorReason.BEARER_INVALID);
      const { uid, email, role, level, otp } = dana;
      return { caller: { kind: "bearer", accountId: 7, uid, email, role, level, otp } };
    },
    async verifyCaptcha() {},
    async spend(bucket) {
      buckets.push(bucket);
    },
    async knownClientOf() {
      return undefined;
    },
    async proveSecondFactor() {},
    async recordRefusal(audit, about, sentence) {
      refusals.push({ audit, about, sentence });
    },
    ...overrides.steps,
  };
  const services = overrides.services ?? [
    serve(StatusService, {
      async ping(_request, call) {
        note(call);
        return { ping: "pong" };
      },
      async getTime() {
        return { time: 1_551_177_848n };
      },
      ...overrides.status,
    }),
    serve(SessionService, {
      async createSession({ email, password }, call) {
        note(call);
        if (password !== "right")
          throw new Failure(ErrorReason.CREDENTIALS_INVALID, { about: { accountId: 7 } });
        call.responseHeader.append("set-cookie", "_barong_session=abc; HttpOnly; Path=/");
        call.responseHeader.append("set-cookie", "other=1; Path=/");
        return { user: { ...dana, email: email ?? "" } };
      },
      async deleteSession() {
        return {};
      },
      ...overrides.session,
    }),
    serve(UserService, { ...userHandlers(note), ...overrides.user }),
    serve(OwnAccountService, {
      async getMe(_request, call) {
        note(call);
        return { user: { ...dana, uid: call.caller.uid } };
      },
      async changePassword() {
        return {};
      },
      async listActivities() {
        return { total: 0n };
      },
    }),
  ];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const { settings, steps: _steps, ...rest } = overrides;
  const doors = await openDoors({
    translate: () => undefined,
    ready: () => true,
    logger: pino({ level: "debug", base: null }, sink),
    ...rest,
    services,
    steps,
    settings: {
      host: "127.0.0.1",
      httpPort: 0,
      grpcPort: 0,
      https: false,
      cors: { origins: "*", maxAgeSeconds: 3600, credentials: false },
      trustedProxies: [],
      shutdownSeconds: 2,
      rateLimits: true,
      grpcReflection: true,
      grpcLimits: GRPC_LIMITS,
      ...settings,
    },
  });
  onTestFinished(() => doors.close());
  return { doors, url: `http://127.0.0.1:${doors.httpPort}`, refusals, buckets, calls, lines };
}

const userHandlers = (note: (call: Call) => void): Handlers<typeof UserService> => ({
  async createUser(_request, call) {
    note(call);
    return {};
  },
  async registerGeetest() {
    return { gt: "gt", challenge: "c" };
  },
  async sendConfirmation(_request, call) {
    note(call);
    return {};
  },
  async confirmEmail() {
    return {};
  },
  async requestPasswordReset() {
    return {};
  },
  async resetPassword() {
    return {};
  },
});

/** POSTs JSON and answers status, parsed body and headers. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return answerOf(response);
}

export async function get(url: string, init: RequestInit = {}) {
  return answerOf(await fetch(url, init));
}

async function answerOf(response: Response) {
  const text = await response.text();
  const body: unknown = text === "" ? "" : JSON.parse(text);
  return { status: response.status, body, headers: response.headers };
}
