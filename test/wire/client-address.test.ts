import { expect, test } from "vitest";
import { networkOf } from "../../src/platform/network.js";
import { clientAddressBehind } from "../../src/wire/client-address.js";

test("a peer that is no trusted proxy cannot say who it is", () => {
  expect(clientAddressBehind([])("203.0.113.7", "1.1.1.1")).toBe("203.0.113.7");
  expect(clientAddressBehind(["10.0.0.0/8"])("203.0.113.7", "1.1.1.1")).toBe("203.0.113.7");
});

test("the last address that a trusted proxy did not write itself is the client", () => {
  const addressOf = clientAddressBehind(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]);

  expect(addressOf("10.1.2.3", "198.51.100.9")).toBe("198.51.100.9");
  expect(addressOf("10.1.2.3", "6.6.6.6, 198.51.100.9, 192.0.2.1")).toBe("198.51.100.9");
  expect(addressOf("::ffff:10.1.2.3", "198.51.100.9")).toBe("198.51.100.9");
  expect(addressOf("2001:db8::1", "[2001:DB9::7]:443")).toBe("2001:db9::7");
  expect(addressOf("10.1.2.3", "198.51.100.9:5060")).toBe("198.51.100.9");
  expect(addressOf("10.1.2.3", "10.9.9.9")).toBe("10.9.9.9");
  expect(addressOf("10.1.2.3", undefined)).toBe("10.1.2.3");
});

test("nonsense in the header ends the trust in it", () => {
  const addressOf = clientAddressBehind(["10.0.0.0/8"]);

  expect(addressOf("10.1.2.3", "6.6.6.6, unknown")).toBe("10.1.2.3");
  expect(addressOf("10.1.2.3", "6.6.6.6, nonsense, 10.7.7.7")).toBe("10.7.7.7");
  expect(addressOf("10.1.2.3", "")).toBe("10.1.2.3");
});

test("IPv4 addresses have one form", () => {
  expect(clientAddressBehind([])("::ffff:203.0.113.7", undefined)).toBe("203.0.113.7");
});

test("a proxy range that cannot be read stops the start", () => {
  expect(() => clientAddressBehind(["10.0.0.0/33"])).toThrow(/10\.0\.0\.0\/33/);
  expect(() => clientAddressBehind(["proxy.internal"])).toThrow(/proxy\.internal/);
});

test("IPv6 clients are counted by the network that one subscriber has", () => {
  expect(networkOf("203.0.113.7")).toBe("203.0.113.7");
  expect(networkOf("2001:db8:1:2:aaaa::1")).toBe("2001:db8:1:2::/64");
  expect(networkOf("2001:db8:1:2::ffff")).toBe("2001:db8:1:2::/64");
  expect(networkOf("2001:db8::7")).toBe("2001:db8:0:0::/64");
  expect(networkOf("::1")).toBe("0:0:0:0::/64");
  expect(networkOf("1:2:3:4:5:6:7:8")).toBe("1:2:3:4::/64");
});
