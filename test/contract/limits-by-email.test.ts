import { getOption } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { method as methodRules } from "../../gen/barong/options/v1/options_pb.js";

/** Methods that anybody may call with somebody else's address. */
const methods = [UserService, SessionService].flatMap(({ methods }) => methods);

const limited = methods
  .map((method) => ({ name: method.name, limits: getOption(method, methodRules).limits }))
  .filter(({ limits }) => limits.some(({ by }) => by === "email"));

test("mails to an address are limited", () => {
  expect(limited.map(({ name }) => name)).toEqual(["SendConfirmation", "RequestPasswordReset"]);
});

test.each(limited)(
  "$name gives one client a share of what an address gets, and known clients more than strangers leave",
  ({ limits }) => {
    const total = limits.find(({ by }) => by === "email");
    const share = limits.find(({ by }) => by === "email+client");

    expect(share?.calls ?? 0).toBeGreaterThan(0);
    expect(share?.calls ?? 0).toBeLessThan(total?.calls ?? 0);
    expect(share?.seconds).toBe(total?.seconds);
    expect(total?.knownClientCalls ?? 0).toBeGreaterThan(0);
    expect(share?.knownClientCalls ?? 0).toBeGreaterThan(0);
  },
);
