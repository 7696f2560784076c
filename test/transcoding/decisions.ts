const refused = { ok: false };

/** What we expect of the cases whose policy we decide differently than they do; the reasons are in docs/transcoding.md. */
export const decisions: Record<string, unknown> = {
  // nested-variable
  "tpl-069": refused,
  // colon-in-verb, colon-in-literal
  "tpl-072": refused,
  "tpl-074": refused,
  // deep-wildcard-suffix: a tail of fixed length may follow "**"
  "tpl-081": { ok: true, segments: ["foo", "**", "bar"], verb: "", vars: [] },
  "tpl-135": { ok: true, segments: ["a", "**", "*"], verb: "", vars: [] },
  "tpl-136": { ok: true, segments: ["a", "**", "foo", "*"], verb: "", vars: [] },
  // deep-wildcard-empty: "**" matches zero segments, as http.proto says
  "mat-007": { route: "GET /foo/bar/*/{thing.id}/{cat=**}", bindings: { "thing.id": "123", cat: "" } },
  // nested-variable
  "mat-020": { malformed: "a variable cannot hold another variable" },
  // unknown-query-parameter: ignored
  "qry-100": { message: {} },
  "qry-101": { message: {} },
  "qry-153": { message: {} },
  "qry-154": { message: {} },
  // repeated-index-syntax: name[]= adds to a list
  "qry-131": { message: { r_string: ["a"] } },
  // quoted-string-wrapper: the text is taken as it is
  "qry-229": { message: { w_string: '"hello world"' } },
  // stream-encoding: JSON lines
  "htp-064": {
    http_status: 200,
    headers: { "content-type": "application/x-ndjson" },
    lines: [{ f_string: "a" }, { f_string: "b" }],
  },
  "htp-065": {
    http_status: 200,
    headers: { "content-type": "application/x-ndjson" },
    lines: [{ f_string: "a" }, { f_string: "b" }],
  },
  "htp-066": { http_status: 200, headers: { "content-type": "application/x-ndjson" }, response_text: "" },
  // custom-status: the status follows from the code, unless the host writes its own failures
  "htp-090": { http_status: 501 },
  // header-mapping: the host sees the headers as they were sent
  "htp-096": { metadata: { "grpc-metadata-test-bin": "AHRlc3QtYmluYXJ5LWRhdGE=" } },
  // response-compression: left to the host
  "htp-117": { http_status: 200, headers: { "content-encoding": null } },
  // grpc-content-type: a GET has no body whose type could matter
  "htp-120": { message: { f_int64: "100" } },
};
