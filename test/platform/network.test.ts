import { expect, test } from "vitest";
import { type AddressRange, membershipOf, networkOf, readRange } from "../../src/platform/network.js";

const isIn = (ranges: readonly string[], address: string): boolean =>
  membershipOf(ranges.map(readRange).filter((range): range is AddressRange => range !== undefined))(address);

test("an address is in the ranges that hold it, and in no other", () => {
  const ranges = ["203.0.113.7", "198.51.100.128/25", "2001:db8:1::/48"];

  for (const inside of ["203.0.113.7", "198.51.100.128", "198.51.100.255", "2001:db8:1:ffff::1"])
    expect([inside, isIn(ranges, inside)]).toEqual([inside, true]);
  for (const outside of ["203.0.113.8", "198.51.100.127", "198.51.101.128", "2001:db8:2::1", "", "unknown"])
    expect([outside, isIn(ranges, outside)]).toEqual([outside, false]);
  expect(isIn([], "203.0.113.7")).toBe(false);
});

test("a range counts from its first address, whichever of its addresses names it", () => {
  expect(isIn(["10.1.2.3/8"], "10.200.0.1")).toBe(true);
  expect(isIn(["10.1.2.3/8"], "11.1.2.3")).toBe(false);
});

test("ranges of everything are of one kind of address, and IPv4 written as IPv6 is IPv4", () => {
  expect(isIn(["0.0.0.0/0"], "203.0.113.7")).toBe(true);
  expect(isIn(["0.0.0.0/0"], "2001:db8::1")).toBe(false);
  expect(isIn(["::ffff:203.0.113.7"], "203.0.113.7")).toBe(true);
  expect(isIn(["::ffff:203.0.113.0/120"], "203.0.114.7")).toBe(false);
});

test("a network is an address of IPv4, or 64 bits of IPv6", () => {
  expect(networkOf("203.0.113.7")).toBe("203.0.113.7");
  expect(networkOf("2001:db8:0:7::1")).toBe(networkOf("2001:db8:0:7:ffff::2"));
  expect(networkOf("2001:db8:0:7::1")).not.toBe(networkOf("2001:db8:0:8::1"));
});
