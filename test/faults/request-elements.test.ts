import { fromBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { CreateDocumentsRequestSchema } from "../../gen/barong/resource/v1/document_service_pb.js";
import { describeEachDatabase } from "../support/databases.js";
import { asGzip, rawTransports } from "../support/raw-requests.js";
import { activeMember, bearerFor, post, rest, signIn } from "../support/rest.js";
import { startedApp } from "../support/start-app.js";

const UPLOAD = {
  rest: "/resource/documents",
  rpc: "/barong.resource.v1.DocumentService/CreateDocuments",
};
const SIGN_IN = {
  rest: "/identity/sessions",
  rpc: "/barong.identity.v1.SessionService/CreateSession",
};

const tooComplex = ["request.too_complex"];

/** Two bytes an element as a message, three as JSON; a few kilobytes when compressed. */
const elements = (count: number) => ({
  proto: Buffer.alloc(2 * count, Buffer.from([0x22, 0x00])),
  json: Buffer.from(`{"upload":[{}${",{}".repeat(count - 1)}]}`),
});

const binaryTransports = Object.entries(rawTransports).filter(([name]) => /messages|gRPC$/.test(name));

/** Metadata of one long list, whose size is encoded in ways that the decoder reads without a complaint. */
const hiddenElements = (() => {
  const { Varint, LengthDelimited } = WireType;
  const field = (number: number, content: Uint8Array) =>
    new BinaryWriter().tag(number, LengthDelimited).bytes(content).finish();
  const metadata = field(1, field(2, field(6, Buffer.alloc(40_000, Buffer.from([0x0a, 0x00])))));
  const sized = (wireType: WireType, size: Uint8Array) =>
    new BinaryWriter().tag(5, wireType).raw(size).raw(metadata).finish();
  const length = new BinaryWriter().uint32(metadata.length).finish();
  const longLength = Buffer.from([...length.subarray(0, -1), 0x80 | Number(length.at(-1)), 0x80, 0x80, 0x01]);
  return [
    ["the wire type of a number", sized(Varint, length)],
    ["a message that ends too early", sized(LengthDelimited, Uint8Array.of(4))],
    ["a length of more than 32 bits", sized(LengthDelimited, longLength)],
  ] as const;
})();

describeEachDatabase("the elements of a request", (database) => {
  const app = startedApp(database);

  describe.each(Object.entries(rawTransports))("over %s", (name, send) => {
    test("are bounded within the bytes that a method takes", async () => {
      const headers = { authorization: await bearerFor(app, await signIn(app, await activeMember(app))) };

      // Over gRPC a compressed request is not longer than 64 KiB.
      const gzip = name === "gRPC" ? {} : { gzip: asGzip };
      expect(await send(app, { ...UPLOAD, ...elements(4_000_000), ...gzip, headers })).toEqual(tooComplex);
      expect(await send(app, { ...UPLOAD, ...elements(10_001), headers })).toEqual(tooComplex);
    });

    test("are bounded for strangers, also those that the method does not know", async () => {
      const count = 16_000;
      const proto = Buffer.alloc(3 * count, Buffer.from([0xa0, 0x06, 0x01]));
      const json = Buffer.from(`{"unknown":[0${",0".repeat(count)}]}`);

      expect(await send(app, { ...SIGN_IN, proto, json })).toEqual(tooComplex);
    });
  });

  describe.each(binaryTransports)("over %s", (_name, send) => {
    test.each(hiddenElements)("are bounded where they are hidden behind %s", async (_what, proto) => {
      const headers = { authorization: await bearerFor(app, await signIn(app, await activeMember(app))) };

      expect(fromBinary(CreateDocumentsRequestSchema, proto).metadata?.[""]).toHaveLength(20_000);
      expect(await send(app, { ...UPLOAD, proto, json: proto, headers })).toEqual(["request.malformed_body"]);
    });
  });

  test("of forms and queries are bounded", async () => {
    const pairs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, ""]));

    const form = await rest(app, "POST", SIGN_IN.rest, { form: pairs(1001) });
    const query = await post(app, `${SIGN_IN.rest}?${new URLSearchParams(pairs(1001))}`, {});

    expect([form.status, query.status]).toEqual([400, 400]);
  });

  test("of multipart forms are bounded", async () => {
    const codesOf = async (parts: number) => {
      const body = new FormData();
      for (let part = 0; part < parts; part++) body.append("x", "");
      const response = await fetch(`${app.http}/api/v2${SIGN_IN.rest}`, { method: "POST", body });
      return ((await response.json()) as { errors: string[] }).errors;
    };

    expect(await codesOf(257)).toEqual(["request.malformed_body"]);
    expect(await codesOf(256)).not.toEqual(["request.malformed_body"]);
  });
});
