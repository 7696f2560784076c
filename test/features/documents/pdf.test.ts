import { Readable } from "node:stream";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fileTypeOf } from "../../../src/features/documents/content/file-type.js";
import { latin1, noise, pdfOf } from "./pictures.js";

const PDF = "application/pdf";

/** The type of a file that comes in pieces. */
const typeOf = (file: Buffer, bytes = file.length) =>
  fileTypeOf(
    Readable.from(
      Array.from({ length: Math.ceil(file.length / bytes) }, (_, at) =>
        file.subarray(at * bytes, (at + 1) * bytes),
      ),
    ),
  );

const CATALOG = "<< /Type /Catalog /Pages 2 0 R >>";
const SCRIPT = "<< /S /JavaScript /JS (app.alert(1)) >>";

const streamOf = (entries: string, content: Buffer): Buffer =>
  Buffer.concat([
    latin1(`<< ${entries} /Length ${content.length} >>\nstream\r\n`),
    content,
    latin1("\nendstream"),
  ]);

/** A stream of objects as writers make it, with one object in it. */
const packed = (object: string, entries = "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode") =>
  streamOf(entries, deflateSync(latin1(`9 0 ${object}`)));

describe("a paper is accepted", () => {
  test.each([
    ["that is empty", pdfOf(CATALOG)],
    ["with compressed objects", pdfOf(packed(CATALOG))],
    [
      "with compressed objects, written shortly",
      pdfOf(packed(CATALOG, "/Type/ObjStm/N 1/First 4/Filter[/FlateDecode]")),
    ],
    ["with uncompressed objects", pdfOf(streamOf("/Type /ObjStm /N 1 /First 4", latin1(`9 0 ${CATALOG}`)))],
    ["with a picture in it", pdfOf(streamOf("/Subtype /Image /Filter /DCTDecode", noise(300_000)))],
    ["with a link to a page of the web", pdfOf("<< /S /URI /URI (https://example.com/) >>")],
    ["that opens at its second page", pdfOf("<< /Type /Catalog /OpenAction [3 0 R /Fit] >>")],
    [
      "with a table of contents",
      pdfOf("<< /Title (I (first\\) stream % 100) /First 4 0 R /Last 4 0 R >>", CATALOG),
    ],
    ["that speaks of names", pdfOf("<< /Title (Claims/First Notice) >>", streamOf("", latin1("(x) Tj")))],
    ["with a font", pdfOf("<< /Type /Font /FirstChar 32 /LastChar 255 >>", streamOf("/Length1 5", noise(5)))],
    ["that is encrypted, with its objects in the open", pdfOf(CATALOG, "<< /Filter /Standard /V 2 >>")],
  ])("%s", async (_what, file) => {
    expect(await typeOf(file)).toBe(PDF);
    for (const bytes of [1, 3, 100])
      expect(await typeOf(file, Math.ceil(file.length / 10_000) * bytes)).toBe(PDF);
  });
});

describe("a file that acts when it is opened, or carries others, is refused:", () => {
  const refused: readonly (readonly [string, Buffer])[] = [
    ["a script", pdfOf(CATALOG, SCRIPT)],
    ["a script under a masked name", pdfOf(CATALOG, SCRIPT.replace("/JavaScript", "/J#61va#53#63ript"))],
    ["a program to be started", pdfOf("<< /S /Launch /F (calc.exe) >>")],
    ["an attachment", pdfOf("<< /Names << /EmbeddedFiles 5 0 R >> >>")],
    ["an attachment on a page", pdfOf("<< /Subtype /FileAttachment /FS 5 0 R >>")],
    ["another file to be opened", pdfOf("<< /S /GoToR /F (\\\\\\\\evil.example\\\\x) >>")],
    ["a film", pdfOf("<< /Subtype /RichMedia >>")],
    ["a form with scripts of its own", pdfOf("<< /AcroForm << /XFA [(form) 5 0 R] >> >>")],
    ["a script among compressed objects", pdfOf(packed(SCRIPT))],
    ["an attachment among compressed objects", pdfOf(packed(CATALOG), packed("<< /EmbeddedFile 5 0 R >>"))],
    [
      "a script among compressed objects under a masked name",
      pdfOf(packed(SCRIPT, "/N 1 /F#69rst 4 /Filter /FlateDecode")),
    ],
    [
      "a script among compressed objects that do not say so",
      pdfOf(packed(SCRIPT, "/N 1 /First 4 /Filter /FlateDecode")),
    ],
    ["a script among uncompressed objects", pdfOf(streamOf("/N 1 /First 4", latin1(`9 0 ${SCRIPT}`)))],
  ];

  test.each(refused)("%s", async (_what, file) => {
    expect(await typeOf(file)).toBeUndefined();
    for (const bytes of [1, 2, 7, 50]) expect(await typeOf(file, bytes)).toBeUndefined();
  });
});

describe("compressed objects that cannot be looked at with certainty are refused:", () => {
  const hidden = deflateSync(latin1(`9 0 ${SCRIPT}`));
  const twice = deflateSync(hidden);
  const hexed = deflateSync(latin1(Buffer.from(`9 0 ${SCRIPT}`).toString("hex")));
  const entries = "/Type /ObjStm /N 1 /First 4";

  test.each([
    ["encrypted", streamOf(`${entries} /Filter /FlateDecode`, noise(200))],
    ["packed in another way", streamOf(`${entries} /Filter /LZWDecode`, noise(200))],
    ["packed twice", streamOf(`${entries} /Filter [/FlateDecode /FlateDecode]`, twice)],
    ["packed and written as digits", streamOf(`${entries} /Filter [/FlateDecode /ASCIIHexDecode]`, hexed)],
    ["with a filter named elsewhere", streamOf(`${entries} /Filter 7 0 R`, hidden)],
    ["with parameters", streamOf(`${entries} /Filter /FlateDecode /DecodeParms << /Predictor 12 >>`, hidden)],
    [
      "with parameters before",
      streamOf(`/DecodeParms << /Predictor 12 >> ${entries} /Filter /FlateDecode`, hidden),
    ],
    [
      "with a filter behind a comment",
      streamOf(`${entries} % >> endobj stream endstream\n /Filter /LZWDecode`, noise(99)),
    ],
    ["with a filter before a comment", streamOf(`/Filter /LZWDecode % 1 0 obj << \n ${entries}`, noise(99))],
    ["with a filter before a text", streamOf(`/Filter /LZWDecode /X (\n1 0 obj <<) ${entries}`, noise(99))],
    [
      "with a filter behind a text",
      streamOf(`${entries} /X (\\) ( >> endobj ) ) /Filter /LZWDecode`, noise(99)),
    ],
    ["with a filter behind a word", streamOf(`${entries} endobj /Filter /LZWDecode`, noise(99))],
    [
      "cut off by their own content",
      streamOf(
        `${entries} /Filter /FlateDecode`,
        Buffer.concat([hidden.subarray(0, 9), latin1("endstream"), hidden.subarray(9)]),
      ),
    ],
    [
      "longer than any writer makes them",
      streamOf(`${entries} /Filter /FlateDecode`, deflateSync(Buffer.alloc(9 * 1024 * 1024))),
    ],
    [
      "behind more blanks than any writer makes",
      streamOf(`${entries} ${" ".repeat(20_000)} /Filter /FlateDecode`, hidden),
    ],
  ])("%s", async (_what, stream) => {
    expect(await typeOf(pdfOf(CATALOG, stream))).toBeUndefined();
  });

  test("without an end", async () => {
    const file = pdfOf("%%EOF", streamOf(`${entries} /Filter /FlateDecode`, hidden));

    expect(await typeOf(file.subarray(0, file.indexOf("endstream")))).toBeUndefined();
  });

  test("a file of nothing but such streams is given up in a short time", async () => {
    const many = Array.from({ length: 20_000 }, () => packed(CATALOG));

    expect(await typeOf(pdfOf(...many))).toBeUndefined();
  });
});
