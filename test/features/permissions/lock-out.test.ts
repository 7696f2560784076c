import { expect, test } from "vitest";
import { locksOut, type Maker } from "../../../src/features/permissions/lock-out.js";
import type { Permission } from "../../../src/features/permissions/store.js";
import { somePermission } from "./some.js";

const OWN_PATH = "api/v2/barong";
const ADMIN: Maker = {
  caller: { accountId: 1, role: "admin", level: 3 },
  carried: new Set(),
  ownPath: OWN_PATH,
};
const WHOLE = somePermission();
const ADMINS = somePermission({ role: "admin", path: "api/v2/barong/admin/" });

const leads = (present: readonly Permission[], future: readonly Permission[], maker = ADMIN) =>
  locksOut(maker, present, future);

test("who takes away all that lets him to the permissions is locked out", () => {
  expect(leads([WHOLE], [])).toBe(true);
  expect(leads([WHOLE, ADMINS], [ADMINS])).toBe(false);
  expect(leads([WHOLE], [somePermission({ role: "member" })])).toBe(true);
});

test("a DROP that covers the permissions locks out, for whatever verb", () => {
  for (const verb of ["ALL", "GET", "POST", "PUT", "DELETE"])
    expect(leads([WHOLE], [WHOLE, somePermission({ action: "drop", verb, path: "api/v2/barong/" })])).toBe(
      true,
    );
  expect(leads([WHOLE], [WHOLE, somePermission({ action: "drop", verb: "PATCH" })])).toBe(false);
  expect(leads([WHOLE], [WHOLE, somePermission({ action: "drop", role: "member" })])).toBe(false);
  expect(leads([WHOLE], [WHOLE, somePermission({ action: "drop", path: "api/v2/peatio" })])).toBe(false);
});

test("conditions that the maker does not meet lock out as well", () => {
  for (const terms of [
    { minLevel: 4 },
    { caller: "api_key" },
    { scope: "staff" },
    { label: "staff:yes" },
  ] as const)
    expect(leads([WHOLE], [somePermission(terms)])).toBe(true);
  expect(leads([WHOLE], [somePermission({ minLevel: 3 })])).toBe(false);
  const labelled = { ...ADMIN, carried: new Set(["staff:yes"]) };
  expect(leads([WHOLE], [somePermission({ label: "staff:yes" })], labelled)).toBe(false);
});

test("who changes permissions comes with a session, as API keys do not", () => {
  expect(leads([WHOLE], [somePermission({ caller: "session" })])).toBe(false);
});

test("an API at the root of the gateway has its permissions there", () => {
  const atRoot = { ...ADMIN, ownPath: "" };

  expect(leads([WHOLE], [somePermission({ path: "admin/permissions" })], atRoot)).toBe(false);
  expect(leads([WHOLE], [ADMINS], atRoot)).toBe(true);
});

test("what was closed before is no reason against a change", () => {
  expect(leads([], [])).toBe(false);
  expect(leads([somePermission({ verb: "POST" })], [somePermission({ verb: "POST" })])).toBe(false);
});
