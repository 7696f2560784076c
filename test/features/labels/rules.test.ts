import { expect, test } from "vitest";
import { labelOf, labelShown, normalised, verdictIn } from "../../../src/features/labels/rules.js";

const mine = { key: "email", scope: "public" } as const;
const proof = { key: "email", scope: "private" } as const;
const phone = { key: "phone", scope: "private" } as const;

test.each([
  ["EMAIL", "email"],
  [" VeriFied ", "verified"],
  ["\t\u3000two \u0085\n words\u00a0", "two words"],
  ["already-so_1", "already-so_1"],
  [" \u2003", ""],
])("%j is stored as %j", (typed, stored) => {
  expect(normalised(typed)).toBe(stored);
});

test("of two labels with a key the public one is shown, whichever was made first", () => {
  expect(labelShown([proof, mine], "email")).toBe(mine);
  expect(labelShown([mine, proof], " Email ")).toBe(mine);
});

test("a private label is shown when there is no public one", () => {
  expect(labelShown([proof, phone], "PHONE")).toBe(phone);
});

test("a key names no label of another key or scope", () => {
  expect(labelShown([mine, phone], "emai")).toBeUndefined();
  expect(labelShown([mine, phone], "email\u0000")).toBeUndefined();
  expect(labelOf([mine, phone], "phone", "public")).toBeUndefined();
  expect(labelOf([mine, proof], "EMAIL", "private")).toBe(proof);
});

test.each([
  [{ key: "document", value: "verified" }, "system.document.verified"],
  [{ key: "document", value: "rejected" }, "system.document.rejected"],
  [{ key: "document", value: "pending" }, undefined],
  [{ key: "phone", value: "verified" }, undefined],
] as const)("of the private label %j others are told %s", (label, name) => {
  expect(verdictIn({ ...label, scope: "private" })?.event).toBe(name);
});

test("a public label is no verdict, whatever it says", () => {
  expect(verdictIn({ key: "document", value: "verified", scope: "public" })).toBeUndefined();
});
