import { Readable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { DocumentService } from "../../../gen/barong/resource/v1/document_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { rulesOf } from "../../../src/platform/failure.js";
import { describeEachDatabaseAndStorage, keysIn } from "../../support/document-storages.js";
import { aJpeg, aPdf, aPng } from "../../support/files.js";
import { DOCUMENTS, follow, formOf, memberWithPapers, named, PASSPORT } from "../../support/papers.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { startedApp } from "../../support/start-app.js";

const png = () => named("pass.png", aPng());
const pngs = (count: number) => Array.from({ length: count }, png);
const MIB = 1024 * 1024;

describeEachDatabaseAndStorage(
  "the documents of the signed-in account",
  (database, { environment, storage, drop }) => {
    let later = 0;
    const app = startedApp(database, { environment, clock: () => secondsAfter(new Date(), later) });
    afterAll(drop);

    const keys = () => keysIn(storage);

    test("a form of a front end is kept: files first, each in upload[], a day of DD/MM/YYYY", async () => {
      const dana = await memberWithPapers(app);

      const kept = await dana.handIn([
        named("front.jpg", aJpeg()),
        named("back.png", aPng()),
        named("bill.pdf", aPdf()),
      ]);

      expect(kept).toMatchObject({ status: 201, body: 201 });
      const shown = await dana.documents();
      expect(shown.map(({ upload: _upload, ...told }) => told)).toEqual(
        Array.from({ length: 3 }, () => ({ ...PASSPORT, doc_expire: "2099-01-22" })),
      );
      expect(Object.keys(shown[0] ?? {})).toEqual(["upload", "doc_type", "doc_number", "doc_expire"]);
      const contents = await Promise.all(
        shown.map(async ({ upload: { url } }) => (await follow(app, url)).arrayBuffer()),
      );
      expect(contents.map((content) => Buffer.from(content))).toEqual([aJpeg(), aPng(), aPdf()]);
    });

    test("a link hands out the file as an attachment, under the name that its owner gave it", async () => {
      const dana = await memberWithPapers(app);
      await dana.handIn([named('my "passport" 여권.jpg', aJpeg())]);

      const [shown] = await dana.documents();
      const answer = await follow(app, shown?.upload.url ?? "");

      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("image/jpeg");
      expect(answer.headers.get("content-disposition")).toBe(
        `attachment; filename="my _passport_ __.jpg"; filename*=UTF-8''my%20%22passport%22%20%EC%97%AC%EA%B6%8C.jpg`,
      );
    });

    test("a file in `upload` alone, by form or as JSON, is kept", async () => {
      const dana = await memberWithPapers(app);

      const byForm = await dana.handInForm(
        formOf([png()], { ...PASSPORT, doc_expire: "2099-01-22" }, "upload"),
      );
      const byJson = await dana.handInJson({
        ...PASSPORT,
        upload: [{ filename: "pass.pdf", content_type: "text/html", data: aPdf().toString("base64") }],
        metadata: { side: "front" },
      });

      expect([byForm.status, byJson.status]).toEqual([201, 201]);
      const documents = await app.rooms.documents.ofAccount(dana.id);
      expect(
        documents.map(({ fileName, contentType, bytes, metadata }) => [
          fileName,
          contentType,
          bytes,
          metadata,
        ]),
      ).toEqual([
        ["pass.png", "image/png", aPng().length, null],
        ["pass.pdf", "application/pdf", aPdf().length, '{"side":"front"}'],
      ]);
    });

    test("an account has no documents at first, and sees nobody else's", async () => {
      const [dana, alex] = [await memberWithPapers(app), await memberWithPapers(app)];
      await dana.handIn([png()]);

      expect(await alex.documents()).toEqual([]);
    });

    test("keys in the storage tell neither whose a file is nor what it is called", async () => {
      const dana = await memberWithPapers(app);
      await dana.handIn([png()]);

      for (const key of await keys()) expect(key).toMatch(/^documents\/[0-9a-f]{2}\/[0-9a-f]{40}$/);
    });

    test("ten documents are kept, and the eleventh is refused", async () => {
      const dana = await memberWithPapers(app);
      expect((await dana.handIn(pngs(9))).status).toBe(201);

      expectRefusal(await dana.handIn(pngs(2)), 400, "resource.documents.limit_will_be_reached");
      expect((await dana.handIn(pngs(1))).status).toBe(201);
      expectRefusal(await dana.handIn(pngs(1)), 400, "resource.documents.limit_reached");

      expect(await dana.documents()).toHaveLength(10);
    });

    test("of eleven files at once none is kept", async () => {
      const dana = await memberWithPapers(app);
      const before = await keys();

      expectRefusal(await dana.handIn(pngs(11)), 400, "resource.documents.limit_will_be_reached");

      expect(await dana.documents()).toEqual([]);
      expect(await keys()).toHaveLength(before.length);
    });

    test("uploads at the same time never make more than ten documents, nor leave files behind", async () => {
      const dana = await memberWithPapers(app);
      const before = await keys();

      const answers = await Promise.all(Array.from({ length: 10 }, () => dana.handIn(pngs(3))));

      const kept = answers.filter(({ status }) => status === 201);
      expect(kept).toHaveLength(3);
      for (const refused of answers.filter(({ status }) => status !== 201))
        expectRefusal(refused, 400, "resource.documents.limit_will_be_reached");
      expect(await dana.documents()).toHaveLength(9);
      expect((await keys()).length - before.length).toBe(9);
    });

    test("the content tells what a file is, whatever its name says", async () => {
      const dana = await memberWithPapers(app);

      expectRefusal(await dana.handIn([named("pass.jpg", Buffer.from("hello"))]), 422, "upload.invalid_type");
      expectRefusal(
        await dana.handIn([named("pass.png", Buffer.from("<svg/>"))]),
        422,
        "upload.invalid_type",
      );
      expect((await dana.handIn([named("pass.html", aJpeg())])).status).toBe(201);

      const [shown] = await dana.documents();
      const answer = await follow(app, shown?.upload.url ?? "");
      expect(answer.headers.get("content-type")).toBe("image/jpeg");
      expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="pass\.html\.jpg";/);
    });

    test("every fault of the files is told once, and none is kept", async () => {
      const dana = await memberWithPapers(app);
      const before = await keys();
      const polyglot = Buffer.concat([aJpeg(), Buffer.from("<script>alert(1)</script>")]);

      const refused = await dana.handIn([
        png(),
        named("empty.png", Buffer.alloc(0)),
        named("a.jpg", polyglot),
        named("b.jpg", polyglot),
        named("large.png", Buffer.alloc(11 * MIB)),
      ]);

      expectRefusal(refused, 422, "upload.too_small", "upload.invalid_type", "upload.too_large");
      expect(await dana.documents()).toEqual([]);
      expect(await keys()).toHaveLength(before.length);
    });

    test("a file of exactly ten MiB is kept, and one byte more is too large", async () => {
      const dana = await memberWithPapers(app);
      const padded = (bytes: number) =>
        named("pass.png", Buffer.concat([aPng(), Buffer.alloc(bytes - aPng().length)]));

      expect((await dana.handIn([padded(10 * MIB)])).status).toBe(201);
      expectRefusal(await dana.handIn([padded(10 * MIB + 1)]), 422, "upload.too_large");
    });

    test("what is missing or blank is named, in the order of the fields", async () => {
      const dana = await memberWithPapers(app);
      const scope = "resource.document";

      expectRefusal(
        await dana.handInJson({}),
        400,
        ...["doc_expire", "doc_type", "doc_number"].flatMap((name) => [
          `${scope}.missing_${name}`,
          `${scope}.empty_${name}`,
        ]),
        `${scope}.missing_upload`,
      );
      for (const name of ["doc_expire", "doc_type", "doc_number"] as const) {
        const { [name]: _left, ...others } = PASSPORT;
        expectRefusal(
          await dana.handIn([png()], others),
          400,
          `${scope}.missing_${name}`,
          `${scope}.empty_${name}`,
        );
        expectRefusal(
          await dana.handIn([png()], { ...PASSPORT, [name]: " " }),
          400,
          `${scope}.empty_${name}`,
        );
      }
      expectRefusal(await dana.handInJson(PASSPORT), 400, `${scope}.missing_upload`);
      expectRefusal(await dana.handInJson({ ...PASSPORT, upload: [] }), 400, `${scope}.missing_upload`);
    });

    test("a text is no file", async () => {
      const dana = await memberWithPapers(app);
      const form = formOf([]);
      form.append("upload", "https://example.com/pass.png");

      expectRefusal(await dana.handInForm(form), 422, "resource.document.invalid_upload");
      expectRefusal(
        await dana.handInJson({ ...PASSPORT, upload: ["x"] }),
        422,
        "resource.document.invalid_upload",
      );
    });

    test("a file's name has at most 1024 characters", async () => {
      const dana = await memberWithPapers(app);
      const named = (filename: string) => ({
        ...PASSPORT,
        upload: [{ filename, data: aPng().toString("base64") }],
      });

      expectRefusal(
        await dana.handInJson(named(`a${" ".repeat(1023)}b`)),
        422,
        "resource.document.invalid_upload",
      );
      expect((await dana.handInJson(named(`a${" ".repeat(1022)}b`))).status).toBe(201);
    });

    test("what is told about a paper is checked, and all that is wrong with it is named", async () => {
      const dana = await memberWithPapers(app);
      const told = { doc_expire: "31/02/2099", doc_type: "Library card", doc_number: "№ 1" };

      expectRefusal(
        await dana.handIn([png()], told),
        422,
        "resource.document.invalid_doc_expire",
        "doc_type.inclusion",
        "doc_number.invalid",
      );
      expectRefusal(
        await dana.handIn([png()], { ...PASSPORT, doc_number: "1".repeat(129) }),
        422,
        "doc_number.too_long",
      );
    });

    test("metadata may have 4 KiB", async () => {
      const dana = await memberWithPapers(app);
      const withMetadata = (metadata: unknown) =>
        dana.handInJson({
          ...PASSPORT,
          metadata,
          upload: [{ filename: "a.png", data: aPng().toString("base64") }],
        });
      const most = { note: "x".repeat(4096 - '{"note":""}'.length) };

      expectRefusal(await withMetadata({ note: `${most.note}x` }), 422, "resource.document.invalid_metadata");
      expectRefusal(await withMetadata("x"), 422, "resource.document.invalid_metadata");
      expect((await withMetadata(most)).status).toBe(201);

      const [document] = await app.rooms.documents.ofAccount(dana.id);
      expect(JSON.parse(document?.metadata ?? "")).toEqual(most);
    });

    test("metadata in a form is JSON", async () => {
      const dana = await memberWithPapers(app);

      expect((await dana.handIn([png()], { ...PASSPORT, metadata: '{"side":"back"}' })).status).toBe(201);

      const [document] = await app.rooms.documents.ofAccount(dana.id);
      expect(document?.metadata).toBe('{"side":"back"}');
    });

    test("metadata in a form may come member by member", async () => {
      const dana = await memberWithPapers(app);
      const form = formOf([png()]);
      form.append("metadata[side]", "back");
      form.append("metadata[__proto__]", "x");

      expect((await dana.handInForm(form)).status).toBe(201);

      const [document] = await app.rooms.documents.ofAccount(dana.id);
      expect(document?.metadata).toBe('{"side":"back","__proto__":"x"}');
    });

    test("an upload labels the account as pending, once", async () => {
      const dana = await memberWithPapers(app);

      await dana.handIn(pngs(2));
      await dana.handIn(pngs(1));

      expect(await dana.labels()).toEqual(["private email:verified", "private document:pending"]);
      expect(await dana.level()).toBe(1);
    });

    test("an upload after a rejection waits to be looked at again; a verified account stays so, with its level", async () => {
      const dana = await memberWithPapers(app);
      const label = (key: string, value: string) =>
        app.database.transaction((tx) => app.rooms.labels.setPrivate({ id: dana.id }, key, value, tx));

      await label("document", "rejected");
      await dana.handIn(pngs(1));
      expect(await dana.labels()).toContain("private document:pending");

      await label("phone", "verified");
      await label("profile", "verified");
      await label("document", "verified");
      const level = await dana.level();
      await dana.handIn(pngs(1));
      expect(await dana.labels()).toContain("private document:verified");
      expect(await dana.level()).toBe(level);
      expect(level).toBe(3);
    });

    test("a public label of the same name is its owner's, and neither stops nor is changed by an upload", async () => {
      const dana = await memberWithPapers(app);
      await app.rooms.labels.create(dana.id, "document", "mine");

      await dana.handIn(pngs(1));

      expect(await dana.labels()).toEqual([
        "private email:verified",
        "public document:mine",
        "private document:pending",
      ]);
    });

    test("a refused upload labels nothing", async () => {
      const dana = await memberWithPapers(app);

      await dana.handIn([named("a.png", Buffer.from("x"))]);

      expect(await dana.labels()).toEqual(["private email:verified"]);
    });

    test.each(rpcDoors)("documents are handed in and listed by %s, with the same refusals", async (door) => {
      const cookie = await signIn(app, await activeMember(app));
      const client = rpcClient(app, door, DocumentService, { cookie });
      const told = { docExpire: "2099-01-22", docType: "Passport", docNumber: "AB 123456" };
      const upload = (filename: string, data: Buffer) => [{ filename, data: new Uint8Array(data) }];

      await client.createDocuments({
        ...told,
        upload: upload("pass.jpg", aJpeg()),
        metadata: { side: "front" },
      });

      const { documents } = await client.listDocuments({});
      expect(documents).toMatchObject([told]);
      const answer = await follow(app, documents[0]?.upload?.url ?? "");
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(aJpeg());
      for (const [file, reason] of [
        [Buffer.alloc(0), ErrorReason.UPLOAD_TOO_SMALL],
        [Buffer.from("x"), ErrorReason.UPLOAD_TYPE_INVALID],
        [Buffer.alloc(11 * MIB), ErrorReason.UPLOAD_TOO_LARGE],
      ] as const) {
        const refused = client.createDocuments({ ...told, upload: upload("a.png", file) });
        expect(await reasonsOf(refused)).toEqual([rulesOf(reason).code]);
      }
      const nothing = await reasonsOf(client.createDocuments(told));
      expect(nothing).toEqual(["resource.document.missing_upload"]);
    });

    test("nobody hands in or lists without having signed in", async () => {
      expectRefusal(await rest(app, "GET", DOCUMENTS), 401, "jwt.decode_and_verify");
      const refused = await rest(app, "POST", DOCUMENTS, { multipart: formOf([png()]) });
      expectRefusal(refused, 401, "jwt.decode_and_verify");
    });

    test("the sweep deletes only files without a document", async () => {
      const dana = await memberWithPapers(app);
      await dana.handIn(pngs(3));
      const before = await keys();
      const open = () => Readable.from(["x"], { objectMode: false });
      await storage.put("documents/aa/left-by-a-crash", { bytes: 1, contentType: "image/png", open });
      await storage.put("kept/by-somebody-else", { bytes: 1, contentType: "image/png", open });

      await app.rooms.documents.sweepOrphans();
      expect(await keys()).toContain("documents/aa/left-by-a-crash");

      later = 7200;
      await app.rooms.documents.sweepOrphans().finally(() => {
        later = 0;
      });
      expect((await keys()).sort()).toEqual([...before, "kept/by-somebody-else"].sort());
    });
  },
);
