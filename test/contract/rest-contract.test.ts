import type { DescMessage } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiKeySchema } from "../../gen/barong/entities/v1/api_key_pb.js";
import { DocumentSchema } from "../../gen/barong/entities/v1/document_pb.js";
import { LabelSchema } from "../../gen/barong/entities/v1/label_pb.js";
import { PhoneSchema } from "../../gen/barong/entities/v1/phone_pb.js";
import { ProfileSchema } from "../../gen/barong/entities/v1/profile_pb.js";
import {
  UserSchema,
  UserWithFullInfoSchema,
  UserWithProfileSchema,
} from "../../gen/barong/entities/v1/user_pb.js";
import { startGeetestTwin } from "../support/captcha/geetest-twin.js";
import { describeEachDatabase, type TestDatabase } from "../support/databases.js";
import type { Answer } from "../support/rest.js";
import { type Started, start, startedApp } from "../support/start-app.js";
import { SEEN_BY_CAPTCHA, wrongValues } from "./rest/optional.js";
import { knownRefusals, refusalOf } from "./rest/refusals.js";
import { type GoodRequest, goodRequests } from "./rest/requests.js";
import { send } from "./rest/send.js";
import { nameOf, type Operation, specification } from "./rest/specification.js";
import { FastClock, World } from "./rest/world.js";

const { operations, models } = specification;

const isSuccess = (status: number): boolean => status < 300;
const optional = operations.flatMap((operation) =>
  operation.parameters
    .filter(({ name, required }) => !required && !SEEN_BY_CAPTCHA.includes(name))
    .map(({ name }) => ({ operation, name })),
);
const pairs = operations.flatMap((operation) => operation.statuses.map((status) => ({ operation, status })));

test("the specification is whole, and everything that tests it belongs to it", () => {
  const names = operations.map(nameOf);

  expect([
    operations.length,
    operations.flatMap(({ parameters }) => parameters).length,
    pairs.length,
  ]).toEqual([39, 81, 123]);
  expect(Object.keys(goodRequests).sort()).toEqual([...names].sort());
  expect(knownRefusals().filter((name) => !names.includes(name))).toEqual([]);
});

const schemas: Readonly<Record<string, DescMessage>> = {
  Label: LabelSchema,
  APIKey: ApiKeySchema,
  Profile: ProfileSchema,
  User: UserSchema,
  UserWithProfile: UserWithProfileSchema,
  UserWithFullInfo: UserWithFullInfoSchema,
  Phone: PhoneSchema,
  Document: DocumentSchema,
};

test("each optional parameter has a value that shows whether it is read", () => {
  expect(Object.keys(wrongValues).sort()).toEqual(
    optional.map(({ operation, name }) => `${nameOf(operation)} ${name}`).sort(),
  );
});

/** Fields that Barong 2 did not have; they come after those that it had. */
const later: Readonly<Record<string, readonly string[]>> = {
  APIKey: ["allowed_ips", "expires_at", "last_used_at"],
};

test.each(Object.keys(models))("the model %s has exactly the documented fields, in their order", (name) => {
  const documented = [...(models[name] ?? []), ...(later[name] ?? [])];

  expect(schemas[name]?.fields.map((field) => field.name)).toEqual(documented);
});

describeEachDatabase("the REST specification", (database) => {
  const clock = new FastClock();
  const app = startedApp(database, { clock: clock.now, environment: { RATE_LIMITS: "false" } });
  const puzzled = appWithGeetest(database);
  const worldFor = ({ path }: Operation) =>
    new World(path.endsWith("/register_geetest") ? puzzled() : app, clock);

  async function good(
    operation: Operation,
  ): Promise<{ readonly world: World; readonly request: GoodRequest }> {
    const world = worldFor(operation);
    const request = await goodRequests[nameOf(operation)]?.(world);
    if (request === undefined) throw new Error(`no good request for ${nameOf(operation)}`);
    return { world, request };
  }

  test.each(operations.map((operation) => [nameOf(operation), operation] as const))(
    "%s is offered at its path",
    async (_name, operation) => {
      const path = operation.path.replaceAll(/\{\w+\}/g, "x");

      const { status, headers } = await fetch(`${app.http}/api/v2${path}`, { method: "OPTIONS" });

      expect(status).toBe(204);
      expect(headers.get("allow")?.split(", ")).toContain(operation.method);
    },
  );

  test.each(pairs.map(({ operation, status }) => [nameOf(operation), status, operation] as const))(
    "%s answers %i",
    async (_name, status, operation) => {
      const answer = isSuccess(status) ? await succeed(operation) : await refuse(operation, status);

      expect(answer).toMatchObject({ status });
      if (!isSuccess(status))
        expect(answer.body).toEqual({ errors: expect.arrayContaining([expect.any(String)]) });
    },
    30_000,
  );

  async function succeed(operation: Operation): Promise<Answer> {
    const { world, request } = await good(operation);
    return send(world.app, operation, request);
  }

  async function refuse(operation: Operation, status: number): Promise<Answer> {
    const refusal = refusalOf(operation, status);
    if (refusal === undefined) throw new Error(`nobody knows how ${nameOf(operation)} answers ${status}`);
    return refusal(worldFor(operation), operation);
  }

  const withForm = operations.filter(({ parameters }) => parameters.some((each) => each.in === "form"));

  test.each(withForm.map((operation) => [nameOf(operation), operation] as const))(
    "%s takes its form as JSON too",
    async (_name, operation) => {
      const { world, request } = await good(operation);

      const answer = await send(world.app, operation, request, "json");

      expect(answer).toMatchObject({ status: operation.statuses.find(isSuccess) });
    },
  );

  const required = operations.flatMap((operation) =>
    operation.parameters
      .filter(({ missing }) => missing !== undefined)
      .map((parameter) => ({ operation, parameter })),
  );

  test.each(
    required.map(
      ({ operation, parameter }) => [nameOf(operation), parameter.name, operation, parameter] as const,
    ),
  )("%s tells that %s is missing", async (_name, _parameter, operation, { name, missing }) => {
    const { world, request } = await good(operation);
    const { [name]: _left, ...values } = request.values;

    const answer = await send(world.app, operation, { ...request, values });

    expect(answer).toMatchObject({ status: 400, body: { errors: missing } });
  });

  test.each(optional.map(({ operation, name }) => [nameOf(operation), name, operation] as const))(
    "%s reads the optional %s from its documented place",
    async (operationName, name, operation) => {
      const [wrong, code] = wrongValues[`${operationName} ${name}`] ?? ["", ""];
      const { world, request } = await good(operation);

      const answer = await send(world.app, operation, {
        ...request,
        values: { ...request.values, [name]: wrong },
      });

      expect(answer.body).toEqual({ errors: expect.arrayContaining([code]) });
    },
  );

  test.each(
    operations.filter(({ bearer }) => bearer).map((operation) => [nameOf(operation), operation] as const),
  )("%s wants to know who asks before it looks at anything", async (_name, operation) => {
    const values = Object.fromEntries(operation.parameters.map(({ name }) => [name, " "]));

    const answer = await send(app, operation, { values });

    expect(answer).toMatchObject({ status: 401, body: { errors: ["jwt.decode_and_verify"] } });
  });
});

/** A server that registers puzzles at a twin of Geetest. */
function appWithGeetest(database: TestDatabase): () => Started {
  let app: Awaited<ReturnType<typeof start>> | undefined;
  let twin: Awaited<ReturnType<typeof startGeetestTwin>> | undefined;
  beforeAll(async () => {
    twin = await startGeetestTwin();
    app = await start(database, { environment: twin.environment });
  });
  afterAll(async () => {
    await app?.stop();
    await twin?.stop();
  });
  return () => {
    if (app === undefined) throw new Error("the server is started by beforeAll");
    return app;
  };
}
