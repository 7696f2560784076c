import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { lineOf } from "../../../src/features/authz/question.js";
import { Failure } from "../../../src/platform/failure.js";

interface Asking {
  readonly verb?: string;
  readonly target: string;
  readonly headers?: Record<string, string>;
  readonly trusted?: boolean;
}

function ask({ verb = "GET", target, headers = {}, trusted = true }: Asking) {
  const asked = {
    verb,
    target,
    get: (name: string) => new Headers(headers).get(name),
    byTrustedProxy: trusted,
    clientBehind: () => "",
    bodySha256: async () => undefined,
  };
  try {
    return lineOf(asked);
  } catch (fault) {
    expect(fault).toBeInstanceOf(Failure);
    expect((fault as Failure).reasons).toEqual([ErrorReason.PERMISSION_DENIED]);
    return "unclear";
  }
}

describe("in the path, as Envoy asks", () => {
  test("path and query are those behind the endpoint, as they were sent", () => {
    expect(ask({ verb: "PUT", target: "/api/v2/auth/api/v2//orders%2e?a=%20&b=/" })).toEqual({
      verb: "PUT",
      target: "/api/v2//orders%2e?a=%20&b=/",
    });
  });

  test("slashes too many in front of it do no harm", () => {
    expect(ask({ target: "//api/v2//auth/orders" })).toEqual({ verb: "GET", target: "/orders" });
  });

  test("without a path it is the root that is asked about", () => {
    for (const target of ["/api/v2/auth", "/api/v2/auth/"])
      expect(ask({ target })).toEqual({ verb: "GET", target: "/" });
  });

  test("headers of who is not trusted have no say", () => {
    const headers = { "x-original-uri": "/public", "x-forwarded-method": "GET" };
    expect(ask({ verb: "POST", target: "/api/v2/auth/orders", headers, trusted: false })).toEqual({
      verb: "POST",
      target: "/orders",
    });
  });

  test("a header that says otherwise is refused, of a trusted proxy too", () => {
    expect(ask({ target: "/api/v2/auth/orders", headers: { "x-original-uri": "/public" } })).toBe("unclear");
    expect(ask({ target: "/api/v2/auth/orders", headers: { "x-forwarded-uri": "/public" } })).toBe("unclear");
  });

  test("an endpoint in another spelling is refused", () => {
    expect(ask({ target: "/api/v2/%61uth/orders" })).toBe("unclear");
  });
});

describe("in headers, as nginx and Traefik ask", () => {
  test.each([
    ["x-original-uri", "x-original-method"],
    ["x-forwarded-uri", "x-forwarded-method"],
  ])("%s and %s of a trusted proxy are the question", (uri, method) => {
    const headers = { [uri]: "/api/v2/orders?x=1", [method]: "delete" };
    expect(ask({ target: "/api/v2/auth/", headers })).toEqual({
      verb: "DELETE",
      target: "/api/v2/orders?x=1",
    });
  });

  test("path and method come together, and in these names, or not at all", () => {
    for (const headers of [
      { "x-original-uri": "/a" },
      { "x-original-method": "GET" },
      { "x-forwarded-method": "GET" },
      { "x-original-url": "http://x/a", "x-original-method": "GET" },
      { "x-original-uri": "/a", "x-original-method": "" },
      { "x-original-uri": "/a", "x-original-method": "P OST" },
      { "x-original-uri": "/a", "x-original-method": "POST, GET" },
    ]) {
      expect(ask({ target: "/api/v2/auth/", headers: headers as Record<string, string> })).toBe("unclear");
    }
  });

  test("those of somebody else are refused, for the path would be the empty one", () => {
    expect(ask({ target: "/api/v2/auth/", headers: { "x-original-uri": "/a" }, trusted: false })).toBe(
      "unclear",
    );
  });

  test("both kinds must agree, in path and in method", () => {
    const both = (uri: string, method: string) =>
      ask({
        target: "/api/v2/auth/",
        headers: {
          "x-original-uri": "/a",
          "x-original-method": "GET",
          "x-forwarded-uri": uri,
          "x-forwarded-method": method,
        },
      });
    expect(both("/a", "GET")).toEqual({ verb: "GET", target: "/a" });
    expect(both("/b", "GET")).toBe("unclear");
    expect(both("/a", "POST")).toBe("unclear");
  });

  test("one that was sent twice, or is no path, is refused or ambiguous", () => {
    for (const uri of ["a", "", "http://x/a"]) {
      const headers = { "x-original-uri": uri, "x-original-method": "GET" };
      expect(ask({ target: "/api/v2/auth/", headers })).toBe("unclear");
    }
  });
});
