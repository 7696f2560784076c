import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { fileNameOf, limitReason, reasonsAgainst } from "../../../src/features/documents/rules.js";

test.each([
  [0, 10, undefined],
  [9, 1, undefined],
  [9, 2, ErrorReason.DOCUMENT_LIMIT_EXCEEDED],
  [0, 11, ErrorReason.DOCUMENT_LIMIT_EXCEEDED],
  [10, 1, ErrorReason.DOCUMENT_LIMIT_REACHED],
  [12, 1, ErrorReason.DOCUMENT_LIMIT_REACHED],
])("with %i documents of ten, %i more are answered %s", (present, added, reason) => {
  expect(limitReason(present, added, 10)).toBe(reason);
});

describe("a document", () => {
  const fine = { docExpire: "2024-02-29", metadata: undefined };

  test("holds up to and on its last day", () => {
    expect(reasonsAgainst(fine, "2024-02-29")).toEqual([]);
    expect(reasonsAgainst(fine, "2024-03-01")).toEqual([ErrorReason.DOCUMENT_EXPIRED]);
  });

  test("has up to 4 KiB of metadata, in bytes", () => {
    const metadata = { a: "é".repeat(2044) };

    expect(reasonsAgainst({ ...fine, metadata }, "2024-02-29")).toEqual([]);
    expect(reasonsAgainst({ ...fine, metadata: { ...metadata, b: "" } }, "2024-02-29")).toEqual([
      ErrorReason.DOCUMENT_METADATA_INVALID,
    ]);
  });
});

describe("a file is handed out under a name that", () => {
  test.each([
    ["is its owner's", "Pass.jpg", "Pass.jpg"],
    ["is its owner's, in any language", "여권 사본.JPEG", "여권 사본.JPEG"],
    ["has no folders of Unix", "../../etc/pass.jpg", "pass.jpg"],
    ["has no folders of Windows", "C:\\Users\\dana\\pass.jpg", "pass.jpg"],
    ["has no control characters", "pa\r\nss\0\u0085.jpg", "pass.jpg"],
    ["reads in one direction", "\u202egpj.sseleman\u202c.jpg", "gpj.sseleman.jpg"],
    ["has no half characters", "a\ud83d.jpg", "a.jpg"],
    ["ends as its content is", "invoice.html", "invoice.html.jpg"],
    ["ends as its content is, whatever it ends like", "scan.pdf", "scan.pdf.jpg"],
    ["is not empty", "", "document.jpg"],
    ["is more than an ending", " .jpg", "document.jpg"],
    ["is not a folder", "files/", "document.jpg"],
  ])("%s", (_what, given, name) => {
    expect(fileNameOf(given, "image/jpeg")).toBe(name);
  });

  test("has 255 characters at most, the last ones whole", () => {
    expect(fileNameOf("a".repeat(300), "application/pdf")).toBe(`${"a".repeat(251)}.pdf`);
    expect(fileNameOf(`${"a".repeat(300)}.jpeg`, "image/jpeg")).toHaveLength(255);
    expect(fileNameOf(`${"a".repeat(250)}😀.png`, "image/png")).toBe(`${"a".repeat(250)}.png`);
  });
});
