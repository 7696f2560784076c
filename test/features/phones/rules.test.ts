import { describe, expect, test } from "vitest";
import {
  isServed,
  normaliseCode,
  normalisePhone,
  smsBudgets,
  smsText,
} from "../../../src/features/phones/rules.js";

describe("a number", () => {
  test.each([
    ["+1 234 567 8911", "12345678911", "US"],
    ["12345678911", "12345678911", "US"],
    ["++12345678911", "12345678911", "US"],
    ["abc12345678911", "12345678911", "US"],
    ["+1 (234) 567-89.11", "12345678911", "US"],
    ["+44 07418084106", "447418084106", "GB"],
    ["447418084106", "447418084106", "GB"],
    ["00447418084106", "447418084106", "GB"],
    ["00 44 (0) 7418 084106", "447418084106", "GB"],
    ["+44 (0)1481 960194", "441481960194", "GG"],
    ["380935555554", "380935555554", "UA"],
    ["+380 93 555 55 54", "380935555554", "UA"],
    ["4915112345678", "4915112345678", "DE"],
    // Italy's zero is part of the number.
    ["+39 06 1234 5678", "390612345678", "IT"],
    ["+7 701 123 45 67", "77011234567", "KZ"],
  ])("%j is %s of %s", (text, number, country) => {
    expect(normalisePhone(text)).toEqual({ number, country });
  });

  test.each([
    ["only national", "07418084106"],
    ["too short", "123"],
    ["a code of a country alone", "+44"],
    ["too long", "+44741808410699"],
    ["endless", `+44${"7".repeat(60)}`],
    ["of a country that is none", "+999123456789"],
    ["no digit", "phone"],
    ["nothing", ""],
    ["signs", "+"],
    ["zeros", "0000000000"],
    ["another's digits", "+٤٤٧٤١٨٠٨٤١٠٦"],
  ])("is refused when it is %s: %j", (_what, text) => {
    expect(normalisePhone(text)).toBeUndefined();
  });

  test.each([
    ["a satellite", "+870773111632"],
    ["toll-free calls of all countries", "+80012345678"],
    ["a number that its caller pays for", "+19005551234"],
    ["a British one of that kind", "+449098790000"],
  ])("is refused when it belongs to %s: %j", (_what, text) => {
    expect(normalisePhone(text)).toBeUndefined();
  });

  test("is its own normal form once it has it", () => {
    const { number = "" } = normalisePhone("+44 07418084106") ?? {};

    expect(normalisePhone(number)?.number).toBe(number);
  });
});

test("blanks in a code do not count", () => {
  expect(normaliseCode(" 012 345\n")).toBe("012345");
});

test("an SMS says what its template says, with the words taken as they are", () => {
  expect(smsText("Your verification code for {app}: {code}", { app: "Barong", code: "012345" })).toBe(
    "Your verification code for Barong: 012345",
  );
  expect(smsText("{code} {code} {other}", { app: "$&{code}", code: "1" })).toBe("1 1 {other}");
  expect(smsText("{app}", { app: "$&{code}", code: "1" })).toBe("$&{code}");
});

describe("an SMS is counted", () => {
  const ask = { accountId: 7, phone: { number: "447418084106", country: "GB" }, ip: "2001:db8:0:1:2::3" };
  const none = { perPrefixHour: 0, perClientHour: 0, perCountryHour: 0, perDay: 0 };

  test("by account, number, network, prefix, country and day, the narrowest first", () => {
    const limits = { perPrefixHour: 1, perClientHour: 2, perCountryHour: 3, perDay: 4 };

    const wide = smsBudgets(ask, limits).slice(3);

    expect(wide).toEqual([
      { name: "client", bucket: "sms:client:2001:db8:0:1::/64", allowance: { calls: 2, seconds: 3600 } },
      { name: "prefix", bucket: "sms:prefix:4474180", allowance: { calls: 1, seconds: 3600 } },
      { name: "country", bucket: "sms:country:GB", allowance: { calls: 3, seconds: 3600 } },
      { name: "day", bucket: "sms:day:all", allowance: { calls: 4, seconds: 86_400 } },
    ]);
  });

  test("by account and number alone when the other bounds are off", () => {
    expect(smsBudgets(ask, none).map(({ name }) => name)).toEqual(["account", "account", "number"]);
  });
});

test.each([
  ["UA", { only: ["UA", "DE"] }, true],
  ["GB", { only: ["UA", "DE"] }, false],
  ["UA", { except: ["KP"] }, true],
  ["KP", { except: ["KP"] }, false],
])("numbers of %s with %j are accepted: %s", (country, rule, accepted) => {
  expect(isServed(country, rule)).toBe(accepted);
});
