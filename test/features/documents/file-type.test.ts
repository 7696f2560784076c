import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { fileTypeOf } from "../../../src/features/documents/content/file-type.js";
import { aJpeg, aPdf, aPng } from "../../support/files.js";
import { IDAT, IEND, IHDR, jpegOf, latin1, noise, pngOf, segment, zipOf } from "./pictures.js";

const APP1 = 0xe1;
const COMMENT = 0xfe;

const typeOf = (file: Buffer) => fileTypeOf(Readable.from([file], { objectMode: false }));

/** The same file in pieces of some bytes. */
const typeInPieces = (file: Buffer, bytes: number) =>
  fileTypeOf(
    Readable.from(
      Array.from({ length: Math.ceil(file.length / bytes) }, (_, at) =>
        file.subarray(at * bytes, (at + 1) * bytes),
      ),
    ),
  );

describe("what honest devices make is accepted", () => {
  const thumbnail = segment(APP1, Buffer.concat([latin1("Exif\0\0"), aJpeg()]));
  const xmp = `<?xpacket begin=''?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>${" ".repeat(2000)}`;
  const film = Buffer.concat([latin1("\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), noise(500_000, 7)]);

  test.each([
    ["a picture", aJpeg(), "image/jpeg"],
    ["a screenshot", aPng(), "image/png"],
    ["a scan", aPdf(), "application/pdf"],
    ["a photo with a preview in its EXIF", jpegOf({ before: thumbnail }), "image/jpeg"],
    ["a photo with XMP", jpegOf({ before: segment(APP1, latin1(xmp)) }), "image/jpeg"],
    [
      "a photo with a film behind it (Google)",
      jpegOf({ before: segment(APP1, latin1(xmp)), after: film }),
      "image/jpeg",
    ],
    [
      "a photo with Samsung's trailer",
      jpegOf({ after: latin1("\0\0\x01\x0aImage_UTC_Data1700000000000SEFHk\0\0\0\x01\0\0\0SEFT") }),
      "image/jpeg",
    ],
    ["a photo with a second picture behind it (MPF)", jpegOf({ after: aJpeg() }), "image/jpeg"],
    ["a photo with bytes between two segments", jpegOf({ before: latin1("\0\0\xff\xff") }), "image/jpeg"],
    [
      "a photo with restart marks",
      jpegOf({ pixels: Buffer.from("12ff0034ffd056ffd778", "hex") }),
      "image/jpeg",
    ],
    [
      "a cropped screenshot with the old one's rest behind it",
      pngOf([IHDR, IDAT, IEND], noise(100_000)),
      "image/png",
    ],
    [
      "a drawing with XMP",
      pngOf([IHDR, ["iTXt", latin1(`XML:com.adobe.xmp\0\0\0\0\0${xmp}`)], IDAT, IEND]),
      "image/png",
    ],
  ])("%s", async (_what, file, type) => {
    expect(await typeOf(file)).toBe(type);
    // Byte by byte the larger ones would take too long.
    const pieces = Math.ceil(file.length / 10_000);
    for (const bytes of [pieces, pieces + 1, 64 * pieces]) expect(await typeInPieces(file, bytes)).toBe(type);
  });

  test("ten MiB of pixels contain no signature by chance", async () => {
    expect(await typeOf(jpegOf({ pixels: noise(10 * 1024 * 1024 - 100) }))).toBe("image/jpeg");
  });
});

describe("what is none of the three formats is refused", () => {
  const file = aPng();

  test.each([
    ["text", latin1("hello")],
    ["one byte", latin1("\xff")],
    ["a page", latin1("<html></html>")],
    ["a drawing that may have scripts", latin1('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["a GIF", latin1("GIF89a\x01\0\x01\0\0\0\0;")],
    ["a Windows program", latin1("MZ\x90\0")],
    ["a Linux program", latin1("\x7fELF\x02\x01\x01")],
    ["a Word document", zipOf("[Content_Types].xml")],
    ["the signature of a JPEG alone", Buffer.from("ffd8ff", "hex")],
    ["a JPEG without pixels", Buffer.from("ffd8ffd9", "hex")],
    ["a JPEG that is cut off", jpegOf({}).subarray(0, -2)],
    ["a JPEG whose last segment is cut off", Buffer.from("ffd8ffe1ffff00", "hex")],
    ["the signature of a PNG alone", file.subarray(0, 8)],
    ["a PNG that is cut off", file.subarray(0, -12)],
    ["a PNG that begins with another chunk", pngOf([["tEXt", latin1("a\0b")], IHDR, IDAT, IEND])],
    ["a PNG without pixels", pngOf([IHDR, IEND])],
    [
      "a PNG that would not fit into any memory",
      pngOf([["IHDR", Buffer.from("7fffffff7fffffff0806000000", "hex")], IDAT, IEND]),
    ],
    ["a PDF that is cut off", latin1("%PDF-1.7\n1 0 obj\n")],
    ["a PDF that does not begin at the first byte", Buffer.concat([latin1("\n"), aPdf()])],
  ])("%s", async (_what, bytes) => {
    expect(await typeOf(bytes)).toBeUndefined();
  });
});

describe("a file of two formats at once is refused", () => {
  const page = latin1("<HTML ><script>alert(1)</script>");
  const archive = zipOf("Evil.class");
  // In two halves, so that no scanner takes this file for the virus that it is not.
  const eicar = latin1(`X5O!P%@AP[4\\PZX54(P^)7CC)7}$${"EICAR-STANDARD-"}ANTIVIRUS-TEST-FILE!$H+H*`);

  const refused: readonly (readonly [string, Buffer])[] = [
    ["a JPEG with an archive behind it", jpegOf({ after: archive })],
    ["a JPEG with a Linux program behind it", jpegOf({ after: latin1("\x7fELF\x02\x01\x01") })],
    ["a JPEG with a PNG behind it", jpegOf({ after: aPng() })],
    ["a PNG with a Windows program behind it", Buffer.concat([aPng(), latin1("MZ\x90\0\x03")])],
    ["a PNG with a packed file behind it", Buffer.concat([aPng(), Buffer.from("1f8b0800", "hex")])],
    ["a PNG with a shell script behind it", Buffer.concat([aPng(), latin1("\n#!/bin/sh\n")])],
    ["a PNG with a page of no head behind it", Buffer.concat([aPng(), latin1("\n<body onload=alert(1)>")])],
    ["a PNG with an image of a page behind it", Buffer.concat([aPng(), latin1("x <img src=x onerror=a()>")])],
    [
      "a PNG with a script in wide characters behind it",
      Buffer.concat([aPng(), Buffer.from("  <script>a()</script>", "utf16le")]),
    ],
    [
      "a JPEG with an archive in a comment",
      jpegOf({ before: segment(COMMENT, archive), after: noise(70_000) }),
    ],
    [
      "a JPEG with the end of an archive in reach of those who look for it",
      jpegOf({ after: latin1(`PK\x05\x06\x01\0${"\0".repeat(65_551)}`) }),
    ],
    ["a PNG with an archive behind it", pngOf([IHDR, IDAT, IEND], archive)],
    ["a PDF with an archive behind it", Buffer.concat([aPdf(), archive])],
    ["a JPEG with a RAR behind it", jpegOf({ after: latin1("Rar!\x1a\x07\x01\0") })],
    ["a JPEG with a 7z behind it", jpegOf({ after: latin1("7z\xbc\xaf\x27\x1c\0\x04") })],
    ["a JPEG with a PDF in a comment", jpegOf({ before: segment(COMMENT, aPdf()) })],
    [
      "a PNG with a PDF in a text",
      pngOf([IHDR, ["tEXt", Buffer.concat([latin1("a\0"), aPdf()])], IDAT, IEND]),
    ],
    ["a JPEG with a page in a comment", jpegOf({ before: segment(COMMENT, page) })],
    ["a JPEG with a page among the pixels", jpegOf({ pixels: page })],
    ["a PNG with a page behind it", pngOf([IHDR, IDAT, IEND], latin1("<!DOCTYPE \n HTML><p>"))],
    [
      "a PNG with a drawing in a text",
      pngOf([IHDR, ["tEXt", latin1("a\0<svg onload=alert(1)>")], IDAT, IEND]),
    ],
    ["a PDF with a page in a comment of its own", Buffer.concat([aPdf(), latin1("%<iframe src=x>")])],
    [
      "a JPEG with PHP in its EXIF",
      jpegOf({ before: segment(APP1, latin1("Exif\0\0<?php system($_GET[0]);")) }),
    ],
    ["a JPEG with the scanners' test text", jpegOf({ before: segment(COMMENT, eicar) })],
    ["the scanners' test text", eicar],
  ];

  test.each(refused)("%s", async (_what, file) => {
    expect(await typeOf(file)).toBeUndefined();
  });

  test.each(refused.filter(([, file]) => file.length < 10_000))("%s, in pieces", async (_what, file) => {
    for (const bytes of [1, 2, 3, 5, 7, 64]) expect(await typeInPieces(file, bytes)).toBeUndefined();
  });

  test("what ends an archive too far from the end of the file ends none", async () => {
    const after = latin1(`PK\x05\x06\x01\0${"\0".repeat(65_552)}`);

    expect(await typeOf(jpegOf({ after }))).toBe("image/jpeg");
  });
});

test("a file that cannot be read to its end is no file of another type", async () => {
  const broken = Readable.from(
    (function* () {
      yield aPng().subarray(0, 20);
      throw new Error("the disk is gone");
    })(),
  );

  await expect(fileTypeOf(broken)).rejects.toThrow("the disk is gone");
});

test("a file is given back as soon as it is refused", async () => {
  const endless = Readable.from(
    (function* () {
      yield latin1("GIF89a\0\0");
      for (;;) yield Buffer.alloc(65_536);
    })(),
  );

  expect(await fileTypeOf(endless)).toBeUndefined();

  expect(endless.destroyed).toBe(true);
});
