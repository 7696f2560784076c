import { toBuffer } from "qrcode";

const pixels = 300;

/** A QR code of a text as a square PNG, in base64. */
export async function qrCode(text: string): Promise<string> {
  const picture = await toBuffer(text, { type: "png", width: pixels, errorCorrectionLevel: "M" });
  return picture.toString("base64");
}
