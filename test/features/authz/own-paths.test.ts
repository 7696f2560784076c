import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  EndUserSessionRequestSchema,
  SessionService,
} from "../../../gen/barong/admin/v1/session_service_pb.js";
import { ListActivitiesRequestSchema, UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { ownPathsUnder } from "../../../src/features/authz/own-paths.js";
import type { Call } from "../../../src/platform/call.js";

const { listActivities, getMe } = UserService.method;
const DECLARED = "api/v2/barong/resource/users/activity/{topic}";

const unread = async (): Promise<Message> => {
  throw new Error("nobody needs the message");
};

function callOf(method: DescMethod, door: Call["door"], target: string) {
  const asked = {
    verb: "GET",
    target,
    get: () => null,
    byTrustedProxy: false,
    clientBehind: () => "",
    bodySha256: async () => undefined,
  };
  return { method, door, asked };
}

async function restPath(target: string, ownPath = "api/v2/barong", read = unread): Promise<string> {
  const { path } = await ownPathsUnder(ownPath)(callOf(listActivities, "rest", target), read);
  return path.resolved;
}

const rpcPath = async (method: DescMethod, message: Message, door: Call["door"] = "grpc") => {
  const target = `/${method.parent.typeName}/${method.name}`;
  const { verb, path } = await ownPathsUnder("api/v2/barong")(
    callOf(method, door, target),
    async () => message,
  );
  return `${verb} ${path.resolved}`;
};

const listed = (topic?: string) => create(ListActivitiesRequestSchema, topic === undefined ? {} : { topic });

test("a call over REST is known by its own path, as a gateway would write it", async () => {
  expect(await restPath("/api/v2//resource/users/activity/all?page=1")).toBe(
    "api/v2/barong/resource/users/activity/all",
  );
});

test("an API that a gateway offers at its root has no slash in front", async () => {
  expect(await restPath("/api/v2/resource/users/activity/all", "")).toBe("resource/users/activity/all");
});

test("no form of a target leads around a value, or around the path that the schema declares", async () => {
  for (const target of [
    "http://localhost/api/v2/resource/users/activity/all",
    "HTTP://localhost:8080//api/v2/resource/users/activity/all?page=1",
    "x://y/api/v2/resource/users/activity/all",
    "/api/v2/./resource/users/activity/all",
    "/api/v2/resource/users/activity/%2561ll",
  ])
    expect(await restPath(target, "api/v2/barong", async () => listed("all"))).toBe(
      "api/v2/barong/resource/users/activity/all",
    );
  const peculiar = "/api/v2/resource/users/activity/a%2Fb";
  expect(await restPath(peculiar, "api/v2/barong", async () => listed("a/b"))).toBe(DECLARED);
});

test("through the other doors a call is known by the path that it would have over REST, with the values of its message", async () => {
  for (const door of ["connect", "grpc"] as const) {
    expect(await rpcPath(listActivities, listed("all"), door)).toBe(
      "GET api/v2/barong/resource/users/activity/all",
    );
    expect(await rpcPath(listActivities, listed("a b?\u00e9"), door)).toBe(
      "GET api/v2/barong/resource/users/activity/a b?\u00e9",
    );
  }
  const ended = create(EndUserSessionRequestSchema, { uid: "ID30DD0DD986", id: 7n });
  expect(await rpcPath(SessionService.method.endUserSession, ended)).toBe(
    "DELETE api/v2/barong/admin/users/ID30DD0DD986/sessions/7",
  );
});

test("values that have no place in a path lead to the declared one, as over REST", async () => {
  for (const topic of [undefined, "", "a/b", "..", ".", "%2e", "a;b", "a\\b", "a\u0000", "\ud800"])
    expect(await rpcPath(listActivities, listed(topic))).toBe(`GET ${DECLARED}`);
});

test("the message is not asked for where the path has no values of it", async () => {
  const { path } = await ownPathsUnder("api/v2/barong")(callOf(getMe, "connect", "/x"), unread);

  expect(path.resolved).toBe("api/v2/barong/resource/users/me");
});
