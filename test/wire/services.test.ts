import { expect, test } from "vitest";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { CreateUserRequestSchema, UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { Access } from "../../gen/barong/options/v1/options_pb.js";
import type { Handlers } from "../../src/platform/call.js";
import type { Served } from "../../src/wire/served.js";
import { compileServices, IncompleteServices, serve } from "../../src/wire/services.js";
import { derivedCodes } from "../../src/wire/steps/derived-codes.js";
import { serviceOf } from "./schema.js";

const handle = async () => ({});

function problemsOf(...services: Served[]): readonly string[] {
  try {
    compileServices(services);
    return [];
  } catch (error) {
    if (error instanceof IncompleteServices) return error.problems;
    throw error;
  }
}

const served = (service: Served["service"], handlers: Record<string, unknown>): Served =>
  serve(service, handlers as Handlers<typeof service>);

test("a start is refused with everything that the schema and the handlers leave open", () => {
  const service = serviceOf({
    methods: [
      { name: "Open", get: "/a/{text}" },
      { name: "Lost", rules: { access: Access.PUBLIC } },
      { name: "Counted", rules: { access: Access.PUBLIC, limits: [{ by: "big", calls: 1, seconds: 0 }] } },
      { name: "Odd", rules: { access: Access.PUBLIC, successStatus: 404, captcha: true } },
      { name: "Recorded", rules: { access: Access.PUBLIC, activity: { topic: "x" } } },
      { name: "Up", rules: { access: Access.PUBLIC }, streaming: "client" },
      { name: "Checked", rules: { access: Access.PUBLIC }, input: CreateUserRequestSchema },
      { name: "Same", rules: { access: Access.PUBLIC }, get: "/a/{nickname}" },
    ],
  });
  const names = ["open", "counted", "odd", "recorded", "up", "checked", "same"];

  const problems = problemsOf(served(service, Object.fromEntries(names.map((name) => [name, handle]))));

  const about = (method: string) => `wire.test.v1.Probe.${method}`;
  expect(problems).toEqual([
    `${about("Open")}: neither the method nor its service declares who may call`,
    `${about("Lost")}: has no handler`,
    `${about("Counted")}: counts calls by "big", which is no string field`,
    `${about("Counted")}: has a limit without calls or seconds`,
    `${about("Odd")}: success_status 404 is no success`,
    expect.stringContaining(`${about("Odd")}: asks for a captcha, but the request has no field`),
    `${about("Odd")}: asks for a captcha, but names no action`,
    `${about("Recorded")}: its activity lacks a topic or an action`,
    `${about("Up")}: client streams are not supported`,
    `${about("Checked")}: the request has rules, but the service declares no error_scope`,
    expect.stringMatching(/Open and .*Same both answer GET \/a\/\*/),
  ]);
});

test("a service has its handlers in one place", () => {
  const status = served(StatusService, { ping: handle, getTime: handle });

  expect(problemsOf(status, status)[0]).toBe("barong.identity.v1.StatusService has handlers in two places");
});

test("what a method declares goes before what its service declares", () => {
  const service = serviceOf({
    rules: { access: Access.ACCOUNT },
    methods: [{ name: "Mine" }, { name: "Everybodys", rules: { access: Access.PUBLIC } }],
  });

  const methods = compileServices([served(service, { mine: handle, everybodys: handle })]);

  expect(methods.map(({ access }) => access)).toEqual([Access.ACCOUNT, Access.PUBLIC]);
});

test("the codes that validation can answer are known beforehand", () => {
  const { createUser, resetPassword, registerGeetest } = UserService.method;
  const codes = derivedCodes(createUser);

  expect(codes.map(({ code, status }) => `${status} ${code}`)).toEqual([
    "400 identity.user.missing_email",
    "400 identity.user.empty_email",
    "422 identity.user.invalid_email",
    "400 identity.user.missing_password",
    "400 identity.user.empty_password",
    "422 identity.user.invalid_password",
    "422 identity.user.invalid_referral_format",
    "422 identity.user.invalid_refid",
    "422 identity.user.invalid_lang",
    "422 identity.user.invalid_captcha_response",
    "422 identity.user.invalid_recaptcha_response",
  ]);
  expect(derivedCodes(resetPassword)[0]).toEqual({
    code: "identity.user.missing_pass_token",
    status: 400,
    field: "reset_password_token",
    why: "is missing",
  });
  expect(derivedCodes(registerGeetest)).toEqual([]);
});
