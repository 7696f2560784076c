import { expect, test } from "vitest";
import { allowedIpsOf } from "../../../src/features/api-keys/rules.js";

test("addresses and ranges of both kinds are read from a list, each once", () => {
  expect(allowedIpsOf("203.0.113.7")).toEqual(["203.0.113.7"]);
  expect(allowedIpsOf(" 203.0.113.7 ,198.51.100.0/24,2001:DB8::/32,203.0.113.7,::1")).toEqual([
    ...["203.0.113.7", "198.51.100.0/24", "2001:db8::/32", "::1"],
  ]);
  expect(allowedIpsOf("0.0.0.0/0,::/0,::ffff:192.0.2.1,10.1.2.3/8")).toHaveLength(4);
});

test("an empty list is one", () => {
  expect(allowedIpsOf("")).toEqual([]);
  expect(allowedIpsOf("  ")).toEqual([]);
});

test("a list with anything else is none", () => {
  for (const wrong of [
    ...["localhost", "203.0.113", "203.0.113.256", "203.0.113.07", "203.0.113.7/33", "203.0.113.7/", "/8"],
    ...["2001:db8::/129", "2001:db8::g", "fe80::1%eth0", "203.0.113.7/8/8", "203.0.113.7/-1", "10.0.0.0/1e1"],
    ...["203.0.113.7;198.51.100.1", "203.0.113.7 198.51.100.1", "[::1]", "203.0.113.7:80", "*", "٣.0.0.1"],
    ...[",", "203.0.113.7,", ",203.0.113.7", "203.0.113.7,,198.51.100.1", "203.0.113.7,nowhere"],
  ])
    expect([wrong, allowedIpsOf(wrong)]).toEqual([wrong, undefined]);
});

test("a list has at most fifty entries", () => {
  const ips = Array.from({ length: 51 }, (_, number) => `10.0.0.${number}`);

  expect(allowedIpsOf(ips.slice(0, 50).join())).toEqual(ips.slice(0, 50));
  expect(allowedIpsOf([...ips.slice(0, 50), "10.0.0.1"].join())).toEqual(ips.slice(0, 50));
  expect(allowedIpsOf(ips.join())).toBeUndefined();
});
