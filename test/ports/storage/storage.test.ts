import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { withinCall } from "../../../src/platform/deadline.js";
import {
  ContentBroken,
  type LinkTerms,
  type Storage,
  StorageUnavailable,
} from "../../../src/ports/storage/storage.js";
import { describeEachStorage } from "../../support/storages.js";
import { aContent, MEBIBYTE, mebibytes, troubled } from "./contents.js";

const TERMS: LinkTerms = { seconds: 60, fileName: "passport.pdf", contentType: "application/pdf" };

describeEachStorage("a storage", (kind) => {
  const start = async (limits: Parameters<typeof kind.create>[0] = {}) => {
    const { storage, drop } = await kind.create(limits);
    onTestFinished(drop);
    return storage;
  };

  test("what is put comes back by its link, as an attachment with the name and type of the link", async () => {
    const storage = await start();
    const bytes = randomBytes(3 * MEBIBYTE + 1);
    await storage.put("documents/a1/scan-1", aContent(bytes, "image/png"));

    const answer = await fetch(
      await storage.linkTo("documents/a1/scan-1", {
        seconds: 60,
        fileName: `Паспорт "1" + 50% & it's.pdf`,
        contentType: "application/pdf",
      }),
    );

    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    expect(answer.headers.get("content-type")).toBe("application/pdf");
    expect(answer.headers.get("content-disposition")).toBe(
      `attachment; filename="_______ _1_ + 50_ & it's.pdf"; ` +
        "filename*=UTF-8''%D0%9F%D0%B0%D1%81%D0%BF%D0%BE%D1%80%D1%82%20%221%22%20%2B%2050%25%20%26%20it%27s.pdf",
    );
  });

  test("a content without a byte is one, too", async () => {
    const storage = await start();

    await storage.put("empty", aContent(Buffer.alloc(0)));

    expect(await contentOf(storage, "empty")).toHaveLength(0);
  });

  test("a content that is put again is replaced", async () => {
    const storage = await start();
    await storage.put("a", aContent(Buffer.from("longer than the second")));

    await storage.put("a", aContent(Buffer.from("second")));

    expect(String(await contentOf(storage, "a"))).toBe("second");
  });

  test("of contents put at the same time one stays, whole", async () => {
    const storage = await start();
    const contents = Array.from({ length: 8 }, () => randomBytes(200_000));

    await Promise.all(contents.map((bytes) => storage.put("a", aContent(bytes))));

    const kept = await contentOf(storage, "a");
    expect(contents.filter((bytes) => bytes.equals(kept))).toHaveLength(1);
  });

  test("a link dies after its seconds", async () => {
    const storage = await start();
    await storage.put("a", aContent());
    const link = await storage.linkTo("a", { ...TERMS, seconds: 1 });

    await sleep(2100);

    expect((await fetch(link)).status).toBe(403);
  });

  test("a link with anything changed in it is refused", async () => {
    const storage = await start();
    await storage.put("a", aContent());
    const link = await storage.linkTo("a", TERMS);
    expect((await fetch(link)).status).toBe(200);

    const names = [...new URL(link).searchParams.keys()];
    for (const name of names) {
      for (const forge of [withOtherLastLetter, without]) {
        const forged = forge(link, name);
        const answer = await fetch(forged);
        expect([400, 403], `${answer.status} for ${forged}`).toContain(answer.status);
      }
    }
    expect(names.length).toBeGreaterThanOrEqual(4);
  });

  test("the link of one file opens no other, and no address without a signature opens any", async () => {
    const storage = await start();
    await storage.put("a/one", aContent());
    await storage.put("a/two", aContent());
    const link = await storage.linkTo("a/one", TERMS);

    expect((await fetch(link.replace("/one?", "/two?"))).status).toBe(403);
    expect([400, 403]).toContain((await fetch(link.replace(/\?.*/, ""))).status);
  });

  test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 7 * 86400 + 1])(
    "no link is made for %s seconds",
    async (seconds) => {
      const storage = await start();

      await expect(storage.linkTo("a", { ...TERMS, seconds })).rejects.toThrow("cannot live");
    },
  );

  test("a deleted file is gone for links that are still good, and can be deleted again", async () => {
    const storage = await start();
    await storage.put("a", aContent());
    await storage.put("b", aContent());
    const link = await storage.linkTo("a", TERMS);

    await storage.delete("a");
    await storage.delete("a");

    expect((await fetch(link)).status).toBe(404);
    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual(["b"]);
  });

  test("before anything was stored there is nothing to list or to delete", async () => {
    const storage = await start();

    await storage.delete("a");

    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual([]);
  });

  test("files are listed by when they were stored", async () => {
    const storage = await start();
    await storage.put("documents/a1/old", aContent());
    await storage.put("documents/a1/renewed", aContent());
    await sleep(1100);
    // Some storages know whole seconds only.
    const moment = new Date(Math.floor(Date.now() / 1000) * 1000);
    await storage.put("documents/a2/new", aContent());
    await storage.put("documents/a1/renewed", aContent());

    expect(await keysBefore(storage, moment)).toEqual(["documents/a1/old"]);
    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual([
      "documents/a1/old",
      "documents/a1/renewed",
      "documents/a2/new",
    ]);
  });

  test("many files are listed in pages, each once", async () => {
    const storage = await start({ pageSize: 10 });
    const keys = Array.from({ length: 23 }, (_, index) => `many/${index % 3}/${index + 10}`).sort();
    await Promise.all(keys.map((key) => storage.put(key, aContent())));

    const pages: string[][] = [];
    for await (const page of storage.keysBefore(IN_AN_HOUR)) pages.push(page);

    expect(pages.flat().sort()).toEqual(keys);
    expect(pages.map((page) => page.length)).toEqual([10, 10, 3]);
  });

  test.each([
    ["breaks half-way", () => breaking()],
    ["breaks when it is read again", (nth: number) => (nth === 1 ? mebibytes(2) : breaking())],
    ["is shorter than announced", () => mebibytes(1)],
    ["is longer than announced", () => mebibytes(3)],
    ["changes its length", (nth: number) => mebibytes(nth === 1 ? 2 : 1)],
  ])("of a content that %s nothing can be read, and what was there before stays", async (_what, read) => {
    const storage = await start();
    await storage.put("before", aContent(Buffer.from("before")));
    // Read once or twice, it must break on the last reading.
    const content = kind.name === "folder" ? troubled(() => read(2)) : troubled(read);

    await expect(storage.put("new", content)).rejects.toThrow(ContentBroken);
    await expect(storage.put("before", content)).rejects.toThrow(ContentBroken);

    expect((await fetch(await storage.linkTo("new", TERMS))).status).toBe(404);
    expect(String(await contentOf(storage, "before"))).toBe("before");
    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual(["before"]);
  });

  test("while a content is still coming, nothing of it can be read", async () => {
    const storage = await start();
    await storage.put("before", aContent(Buffer.from("before")));
    const halves = { new: halted(), before: halted() };
    const puttings = Object.entries(halves).map(([key, { content }]) => storage.put(key, content));
    // S3 is sent what has been read once already.
    const readings = kind.name === "folder" ? 1 : 2;
    for (const { halfWay, goOn } of Object.values(halves)) {
      if (readings === 2) goOn(await halfWay(1));
      await halfWay(readings);
    }

    expect((await fetch(await storage.linkTo("new", TERMS))).status).toBe(404);
    expect(String(await contentOf(storage, "before"))).toBe("before");
    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual(["before"]);

    for (const { goOn } of Object.values(halves)) goOn(readings);
    await Promise.all(puttings);
    expect(await contentOf(storage, "new")).toHaveLength(2 * MEBIBYTE);
    expect(await contentOf(storage, "before")).toHaveLength(2 * MEBIBYTE);
  });

  test("a large content is never held in memory", async () => {
    const storage = await start();
    await storage.put("warm", aContent());
    const held = () => process.memoryUsage().arrayBuffers;
    const before = held();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, held() - before);
    }, 1);

    await storage.put("large", {
      open: () => Readable.from(mebibytes(32)),
      bytes: 32 * MEBIBYTE,
      contentType: "application/pdf",
    });

    clearInterval(watch);
    expect(most).toBeLessThan(8 * MEBIBYTE);
    expect(await contentOf(storage, "large")).toHaveLength(32 * MEBIBYTE);
  });

  test("a content that stops coming is given up after a time, and let go", async () => {
    const storage = await start({ timeoutMs: 300 });
    const stuck = stuckContent();
    const begin = performance.now();

    await expect(storage.put("a", stuck)).rejects.toThrow(StorageUnavailable);

    expect(performance.now() - begin).toBeLessThan(2000);
    await expect.poll(() => stuck.isLetGo()).toBe(true);
    expect((await fetch(await storage.linkTo("a", TERMS))).status).toBe(404);
  });

  test("an operation ends with the call it is part of", async () => {
    const storage = await start();
    const call = new AbortController();
    const begin = performance.now();
    const putting = withinCall({ signal: call.signal }, () => storage.put("a", stuckContent()));
    setTimeout(() => call.abort(new Error("the caller has gone")), 100);

    await expect(putting).rejects.toThrow(StorageUnavailable);

    expect(performance.now() - begin).toBeLessThan(2000);
    await expect(withinCall({ signal: call.signal }, () => storage.put("a", aContent()))).rejects.toThrow(
      StorageUnavailable,
    );
    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual([]);
  });

  test.each([
    ...["", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "/etc/passwd"],
    ...["A", "a.txt", ".unfinished/a", "a b", "a\\b", "a\0", "a%2f..", "ä", "a?b", "a\n", "a".repeat(256)],
  ])("%j is no key", async (key) => {
    const storage = await start();

    for (const attempt of [
      () => storage.put(key, aContent()),
      () => storage.delete(key),
      () => storage.linkTo(key, TERMS),
    ]) {
      await expect(attempt()).rejects.toThrow("is not a storage key");
    }
  });

  test("everything but links says that a storage which is down is unavailable", async () => {
    const { storage, drop } = await kind.createBroken();
    onTestFinished(drop);

    const attempts = {
      put: () => storage.put("a", aContent()),
      keysBefore: () => keysBefore(storage, IN_AN_HOUR),
      check: () => storage.check(),
      delete: () => storage.delete("a"),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      await expect(attempt(), name).rejects.toThrow(StorageUnavailable);
    }
    expect(await storage.linkTo("a", TERMS)).toContain("/a?");
  });

  test("a checked storage is ready, and can be checked again", async () => {
    const storage = await start();

    await storage.check();
    await storage.put("a", aContent());
    await storage.check();

    expect(await keysBefore(storage, IN_AN_HOUR)).toEqual(["a"]);
  });
});

const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

async function contentOf(storage: Storage, key: string): Promise<Buffer> {
  const answer = await fetch(await storage.linkTo(key, TERMS));
  if (answer.status !== 200) throw new Error(`the link to ${key} answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

async function keysBefore(storage: Storage, moment: Date): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of storage.keysBefore(moment)) keys.push(...page);
  return keys.sort();
}

function* breaking(): Generator<Buffer> {
  yield* mebibytes(1);
  throw new Error("the upload was cut off");
}

/** A content that waits in its middle, on each reading, until it is told to go on. */
function halted() {
  const gates = [1, 2].map(() => ({ reached: deferred(), opened: deferred() }));
  const content = troubled(async function* (nth) {
    yield* mebibytes(1);
    gates[nth - 1]?.reached.resolve();
    await gates[nth - 1]?.opened.promise;
    yield* mebibytes(1);
  });
  return {
    content,
    async halfWay(nth: number) {
      await gates[nth - 1]?.reached.promise;
      return nth;
    },
    goOn: (nth: number) => gates[nth - 1]?.opened.resolve(),
  };
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function stuckContent() {
  const source = new Readable({ read() {} });
  source.push(Buffer.alloc(1000));
  return { open: () => source, bytes: 2000, contentType: "text/plain", isLetGo: () => source.destroyed };
}

function withOtherLastLetter(link: string, name: string): string {
  const url = new URL(link);
  const value = url.searchParams.get(name) ?? "";
  url.searchParams.set(name, value.slice(0, -1) + (value.endsWith("1") ? "2" : "1"));
  return url.href;
}

function without(link: string, name: string): string {
  const url = new URL(link);
  url.searchParams.delete(name);
  return url.href;
}
