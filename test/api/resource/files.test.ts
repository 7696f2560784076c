import { rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FileService } from "../../../gen/barong/resource/v1/file_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { inFolder, keysIn } from "../../support/document-storages.js";
import { aJpeg, aPng } from "../../support/files.js";
import { follow, memberWithPapers, named, PASSPORT, reachable } from "../../support/papers.js";
import { expectRefusal, rest } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { startedApp } from "../../support/start-app.js";

const png = () => named("pass.png", aPng());

describeEachDatabase("documents in a folder", (database) => {
  // The last moment of a day, in summer time of which others have the next day already.
  let now = new Date("2026-06-30T23:59:59.000Z");
  const { environment, storage, drop } = inFolder();
  const app = startedApp(database, { environment, clock: () => now });
  afterAll(drop);

  async function linkOf(content: Buffer): Promise<string> {
    const dana = await memberWithPapers(app);
    expect((await dana.handIn([named("pass.jpg", content)])).status).toBe(201);
    const [shown] = await dana.documents();
    return shown?.upload.url ?? "";
  }

  /** A link whose parts have been changed. */
  function changed(url: string, change: (url: URL) => void): string {
    const copy = new URL(reachable(app, url));
    change(copy);
    return copy.href;
  }

  /** Asserts that a link is refused. */
  async function expectRefused(url: string, status: number, code: string): Promise<void> {
    const answer = await follow(app, url);
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status,
      body: { errors: [code] },
    });
  }

  test("a document holds on its last day in UTC, and not a day later", async () => {
    const dana = await memberWithPapers(app);

    expectRefusal(
      await dana.handIn([png()], { ...PASSPORT, doc_expire: "29/06/2026" }),
      422,
      "doc_expire.invalid",
    );
    expectRefusal(
      await dana.handIn([png()], { ...PASSPORT, doc_expire: "2026-06-29" }),
      422,
      "doc_expire.invalid",
    );
    expect((await dana.handIn([png()], { ...PASSPORT, doc_expire: "30/06/2026" })).status).toBe(201);

    expect(await dana.documents()).toMatchObject([{ doc_expire: "2026-06-30" }]);
  });

  test("faults of the paper and of its files are told together", async () => {
    const dana = await memberWithPapers(app);
    const expired = { ...PASSPORT, doc_expire: "2026-06-29" };

    const refused = await dana.handIn([named("a.png", Buffer.from("x")), png()], expired);

    expectRefusal(refused, 422, "doc_expire.invalid", "upload.invalid_type");
  });

  test("a browser neither shows what a link hands out, nor guesses its type, nor runs or keeps it", async () => {
    const { headers, status } = await follow(app, await linkOf(aJpeg()));

    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "image/jpeg",
      "content-disposition": `attachment; filename="pass.jpg"; filename*=UTF-8''pass.jpg`,
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });

  test("a large file comes whole", async () => {
    const content = Buffer.concat([aJpeg(), Buffer.alloc(5_000_000, "x")]);

    const answer = await follow(app, await linkOf(content));

    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
  });

  test("a link is dead after five minutes", async () => {
    const before = now;
    const url = await linkOf(aJpeg());

    now = secondsAfter(before, 299);
    expect((await follow(app, url)).status).toBe(200);
    now = secondsAfter(before, 300);
    await expectRefused(url, 410, "resource.file.link_expired").finally(() => {
      now = before;
    });
  });

  test("no part of a link can be changed, such as to reach another one's file", async () => {
    const [url, other] = [await linkOf(aJpeg()), new URL(await linkOf(aJpeg()))];
    const set = (name: string, value: string) =>
      changed(url, ({ searchParams }) => searchParams.set(name, value));
    const notFound = (link: string) => expectRefused(link, 404, "record.not_found");

    await notFound(changed(url, (link) => Object.assign(link, { pathname: other.pathname })));
    await notFound(set("expires", "9999999999"));
    await notFound(set("name", "pass.html"));
    await notFound(set("type", "text/html"));
    await notFound(set("signature", "0".repeat(64)));
    await notFound(changed(url, (link) => Object.assign(link, { search: "" })));
    await notFound(
      changed(url, (link) => Object.assign(link, { pathname: "/api/v2/identity/files/..%2f..%2fbarong.db" })),
    );
    await notFound(
      changed(url, (link) => Object.assign(link, { pathname: "/api/v2/identity/files/documents" })),
    );
  });

  test("the link of a file that is gone leads nowhere", async () => {
    const before = new Set(await keysIn(storage));
    const url = await linkOf(aJpeg());
    for (const key of await keysIn(storage)) if (!before.has(key)) await storage.delete(key);

    await expectRefused(url, 404, "record.not_found");
  });

  test("a link leads to the file also through the gateway's question", async () => {
    const { pathname } = new URL(reachable(app, await linkOf(aJpeg())));

    expect((await rest(app, "GET", `/auth${pathname.replace("/api/v2/", "/api/v2/barong/")}`)).status).toBe(
      200,
    );
  });

  test.each(rpcDoors)("a file is handed out in pieces by %s", async (door) => {
    const content = Buffer.concat([aJpeg(), Buffer.alloc(200_000, "x")]);
    const url = new URL(await linkOf(content));
    const part = (name: string) => url.searchParams.get(name) ?? "";
    const client = rpcClient(app, door, FileService, {});
    const link = {
      key: url.pathname.replace("/api/v2/identity/files/", ""),
      expires: BigInt(part("expires")),
      name: part("name"),
      type: part("type"),
      signature: part("signature"),
    };

    const pieces: Uint8Array[] = [];
    for await (const { contentType, data } of client.downloadFile(link)) {
      expect(contentType).toBe("image/jpeg");
      pieces.push(data);
    }

    expect(pieces.length).toBeGreaterThan(1);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    const forged = (async () => {
      for await (const _piece of client.downloadFile({ ...link, name: "pass.html" }));
    })();
    expect(await reasonsOf(forged)).toEqual(["record.not_found"]);
  });
});

describeEachDatabase("documents while the storage is down", (database) => {
  const { environment, drop } = inFolder();
  const app = startedApp(database, { environment });
  afterAll(drop);
  const folder = environment.DOCUMENTS_FOLDER ?? "";

  test("an upload is refused, and nothing of it is there once the storage is back", async () => {
    const dana = await memberWithPapers(app);
    await rm(dirname(folder), { recursive: true });
    await writeFile(dirname(folder), "where a folder should be");

    const refused = await dana.handIn([png(), png()]);

    expectRefusal(refused, 503, "server.unavailable");
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await dana.documents()).toEqual([]);
    expect(await dana.labels()).toEqual(["private email:verified"]);
    await rm(dirname(folder));
    expect((await dana.handIn([png()])).status).toBe(201);
    expect(await dana.documents()).toHaveLength(1);
  });
});

describeEachDatabase("settings of documents", (database) => {
  describe("a smaller limit, and a gateway that adds a prefix", () => {
    const { environment, drop } = inFolder();
    const app = startedApp(database, {
      environment: {
        ...environment,
        DOCUMENTS_LIMIT: "2",
        API_URL: "https://www.example.com/api/v2/barong/",
      },
    });
    afterAll(drop);

    test("hold", async () => {
      const dana = await memberWithPapers(app);

      expectRefusal(
        await dana.handIn([png(), png(), png()]),
        400,
        "resource.documents.limit_will_be_reached",
      );
      expect((await dana.handIn([png(), png()])).status).toBe(201);
      expectRefusal(await dana.handIn([png()]), 400, "resource.documents.limit_reached");

      const [shown] = await dana.documents();
      expect(shown?.upload.url).toMatch(
        /^https:\/\/www\.example\.com\/api\/v2\/barong\/identity\/files\/documents\//,
      );
    });
  });

  describe("a larger limit than a request may have files", () => {
    const { environment, drop } = inFolder();
    const app = startedApp(database, { environment: { ...environment, DOCUMENTS_LIMIT: "12" } });
    afterAll(drop);

    test("takes two requests", async () => {
      const dana = await memberWithPapers(app);

      const eleven = await dana.handIn(Array.from({ length: 11 }, png));

      expectRefusal(eleven, 400, "resource.documents.limit_will_be_reached");
      expect((await dana.handIn(Array.from({ length: 10 }, png))).status).toBe(201);
      expect((await dana.handIn([png(), png()])).status).toBe(201);
      expect(await dana.documents()).toHaveLength(12);
    });
  });
});
