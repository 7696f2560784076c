import { expect, test } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { ownPathsUnder } from "../../../src/features/authz/own-paths.js";

const pathOf = ownPathsUnder("api/v2/barong");

function pathFor(target: string, door: "rest" | "connect" | "grpc" = "rest"): string {
  const asked = {
    verb: "GET",
    target,
    get: () => null,
    byTrustedProxy: false,
    clientBehind: () => "",
    bodySha256: async () => undefined,
  };
  return pathOf({ method: UserService.method.listActivities, door, asked }).path.resolved;
}

test("a call over REST is known by its own path, as a gateway would write it", () => {
  expect(pathFor("/api/v2//resource/users/activity/all?page=1")).toBe(
    "api/v2/barong/resource/users/activity/all",
  );
});

test("no form of a target and no other door leads around the path that the schema declares", () => {
  const declared = "api/v2/barong/resource/users/activity/{topic}";

  expect(pathFor("http://localhost/api/v2/resource/users/activity/all")).toBe(declared);
  expect(pathFor("x://y/api/v2/resource/users/activity/all")).toBe(declared);
  expect(pathFor("/api/v2/resource/users/activity/a%2Fb")).toBe(declared);
  expect(pathFor("/api/v2/./resource/users/activity/all")).toBe(declared);
  expect(pathFor("/barong.resource.v1.UserService/ListActivities", "grpc")).toBe(declared);
});
