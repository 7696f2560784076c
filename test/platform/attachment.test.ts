import { expect, test } from "vitest";
import { attachmentNamed } from "../../src/platform/attachment.js";

test.each([
  ["passport.pdf", 'filename="passport.pdf"', "passport.pdf"],
  ["Reisepaß.pdf", 'filename="Reisepa_.pdf"', "Reisepa%C3%9F.pdf"],
  ['a"; filename=evil.exe', 'filename="a_; filename=evil.exe"', "a%22%3B%20filename%3Devil.exe"],
  ["a\r\nSet-Cookie: b", 'filename="a__Set-Cookie: b"', "a__Set-Cookie%3A%20b"],
  ["../../etc/passwd", 'filename=".._.._etc_passwd"', ".._.._etc_passwd"],
  ["C:\\scan.pdf", 'filename="C:_scan.pdf"', "C%3A_scan.pdf"],
  ["100%41.pdf", 'filename="100_41.pdf"', "100%2541.pdf"],
  ["it's (1)*!.pdf", `filename="it's (1)*!.pdf"`, "it%27s%20%281%29%2A%21.pdf"],
  ["half a \ud83d.pdf", 'filename="half a _.pdf"', "half%20a%20_.pdf"],
])("the name %j is said so that nothing else can be meant", (name, plain, encoded) => {
  expect(attachmentNamed(name)).toBe(`attachment; ${plain}; filename*=UTF-8''${encoded}`);
});
