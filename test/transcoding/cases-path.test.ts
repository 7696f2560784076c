import { describe, expect, test } from "vitest";
import { TranscodingError } from "../../src/transcoding/error.js";
import { Router } from "../../src/transcoding/router.js";
import { parseTemplate, patternOf, segmentText } from "../../src/transcoding/template.js";
import { casesOf, type MatchCase } from "./cases.js";

describe("a path template", () => {
  test.each(casesOf("template"))("$id: $template", ({ template, expect: expected }) => {
    if (!expected.ok) {
      expect(() => parseTemplate(template)).toThrow(`path template "${template}" is malformed at`);
      return;
    }
    const { segments, verb, verbSource, variables } = parseTemplate(template);
    expect({
      ok: true,
      segments: segments.map(segmentText),
      verb: verbSource,
      vars: variables.map(({ fieldPath, start, end }) => ({
        field: fieldPath,
        pattern: patternOf(parseTemplate(template), start, end),
      })),
    }).toEqual(expected);
    expect(verb === "").toBe(expected.verb === "");
  });
});

describe("a path finds its route", () => {
  test.each(casesOf("match"))("$id: $method $path", (row) => {
    if (row.expect.malformed !== undefined) {
      expect(() => outcomeOf(row, row.routes)).toThrow(row.expect.malformed);
      return;
    }
    expect(outcomeOf(row, row.routes)).toEqual(row.expect);
  });

  const buildable = casesOf("match").filter((row) => row.expect.malformed === undefined);
  test.each(buildable)("$id: whatever the order of registration", (row) => {
    expect(outcomeOf(row, [...row.routes].reverse())).toEqual(row.expect);
  });
});

function outcomeOf({ method, path, expect: expected }: MatchCase, routes: MatchCase["routes"]) {
  const router = new Router<string>({ collapseSlashes: false, ignoreTrailingSlash: false });
  const templates = new Map(routes.map(({ id, template }) => [id, parseTemplate(template)]));
  for (const { id, method: routeMethod } of routes) {
    const template = templates.get(id);
    if (template !== undefined) router.add(routeMethod, template, id);
  }
  try {
    const found = router.find(method, path.split("?")[0] ?? "");
    if (found === undefined) return { route: null, http_status: 404 };
    if ("allow" in found) return { route: null, http_status: 405, allow: found.allow };
    const variables = templates.get(found.route)?.variables ?? [];
    const bindings = Object.fromEntries(variables.map((each) => [each.fieldPath, found.values.of(each)]));
    return { route: found.route, bindings };
  } catch (error) {
    if (error instanceof TranscodingError && expected.route === null) {
      return { route: null, http_status: error.status };
    }
    throw error;
  }
}
