import { expect, test } from "vitest";
import { squeezed, trimmed } from "../../src/platform/white-space.js";

// Every character that the schema's rules do not count at the ends of a text.
const AROUND = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000";

test("every white space of Unicode around a text is dropped, whatever is inside", () => {
  expect(trimmed(`${AROUND}12  Main St.\n2nd floor${AROUND}`)).toBe("12  Main St.\n2nd floor");
});

test("white space inside a text becomes one blank", () => {
  expect(squeezed(`${AROUND}Mary${AROUND}Ann\u0085Lee${AROUND}`)).toBe("Mary Ann Lee");
});

test("nothing is left of nothing but white space", () => {
  expect([trimmed(AROUND), squeezed(AROUND)]).toEqual(["", ""]);
});
