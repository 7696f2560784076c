import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CreateUserRequestSchema } from "../../gen/barong/identity/v1/user_service_pb.js";
import { CreateProfileRequestSchema } from "../../gen/barong/resource/v1/profile_service_pb.js";
import { boundedStrings } from "../../src/wire/steps/bounded-strings.js";

const bounded = boundedStrings(CreateUserRequestSchema);
const LIMIT = 255;

test("a request whose texts are short is looked at as it is", () => {
  const request = create(CreateUserRequestSchema, { email: "a".repeat(2 * LIMIT), password: "b" });

  expect(bounded(request)).toBe(request);
});

test("a text that is much too long is cut to one that is still too long, and the request keeps its own", () => {
  const email = "😀".repeat(30_000);
  const request = create(CreateUserRequestSchema, { email, password: "b" });

  const view = bounded(request);

  expect(view).toMatchObject({ $typeName: request.$typeName, password: "b" });
  expect([...((view as typeof request).email ?? "")]).toHaveLength(LIMIT + 1);
  expect(request.email).toBe(email);
});

test("white space that a rule does not count makes no text too long", () => {
  const request = create(CreateProfileRequestSchema, {
    firstName: `${" ".repeat(5000)}Dana${" ".repeat(5000)}`,
  });

  const view = boundedStrings(CreateProfileRequestSchema)(request);

  expect(view).toMatchObject({ firstName: "Dana" });
});
