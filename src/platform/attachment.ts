/**
 * The Content-Disposition that makes a browser save a file under this name instead of showing it. Twice, as RFC 6266 advises: for
 * programs that read only ASCII, and as it is.
 */
export function attachmentNamed(fileName: string): string {
  const name = fileName.replaceAll(/[\p{Cc}\p{Cs}/\\]/gu, "_");
  const plain = name.replaceAll(/[^ -~]/g, "_").replaceAll(/["%]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded(name)}`;
}

/** RFC 5987 allows fewer characters to stay than encodeURIComponent leaves. */
const encoded = (name: string): string =>
  encodeURIComponent(name).replaceAll(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
