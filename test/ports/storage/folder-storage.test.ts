import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFolderStorage } from "../../../src/ports/storage/folder-storage.js";
import { aContent, troubled } from "./contents.js";

const TERMS = { seconds: 60, fileName: "passport.pdf", contentType: "application/pdf" };

test("files and folders are for the server's user alone", async () => {
  const { storage, folder } = await start();

  await storage.put("documents/a1/scan", aContent());

  const modes = ["", "documents", "documents/a1", "documents/a1/scan"].map(async (path) =>
    ((await stat(join(folder, path))).mode & 0o777).toString(8),
  );
  expect(await Promise.all(modes)).toEqual(["700", "700", "700", "600"]);
});

test("a link leads to this server, and opens by the server's own clock", async () => {
  const { storage, tick } = await start();
  await storage.put("a/b", aContent(Buffer.from("the scan")));
  const link = new URL(await storage.linkTo("a/b", TERMS));
  const { expires, name = "", type = "", signature = "" } = Object.fromEntries(link.searchParams);
  const parts = { expires: Number(expires), name, type, signature };

  expect(`${link.origin}${link.pathname}`).toBe("https://exchange.example.com/files/a/b");
  const opened = await storage.open("a/b", parts);
  if (typeof opened === "string") throw new Error(`the link is ${opened}`);
  expect(opened).toMatchObject({ bytes: 8, fileName: "passport.pdf", contentType: "application/pdf" });
  expect(String(Buffer.concat(await opened.stream.toArray()))).toBe("the scan");

  expect(await storage.open("a/b", { ...parts, name: "other.pdf" })).toBe("invalid");
  expect(await storage.open("../a/b", parts)).toBe("invalid");
  await storage.delete("a/b");
  expect(await storage.open("a/b", parts)).toBe("missing");
  tick(60);
  expect(await storage.open("a/b", parts)).toBe("expired");
});

test("files are as old as the server's own clock says", async () => {
  const { storage, tick, now } = await start();
  await storage.put("old", aContent());
  const moment = tick(1);
  await storage.put("new", aContent());

  const pages: string[][] = [];
  for await (const page of storage.keysBefore(moment)) pages.push(page);

  expect(pages).toEqual([["old"]]);
  expect(now()).toEqual(moment);
});

test("a failed write leaves no file behind", async () => {
  const { storage, folder } = await start();

  await expect(
    storage.put(
      "a",
      troubled(() => []),
    ),
  ).rejects.toThrow();

  expect(await readdir(join(folder, ".unfinished"))).toEqual([]);
});

test("what ended processes have left half-written is never listed, and is deleted after an hour", async () => {
  const { storage, folder, now } = await start();
  await storage.put("whole", aContent());
  for (const [name, minutes] of [
    ["of-a-crash", 61],
    ["of-another-process", 59],
  ] as const) {
    const path = join(folder, ".unfinished", name);
    await writeFile(path, "half");
    await utimes(path, now(), new Date(now().getTime() - minutes * 60_000));
  }

  await storage.check();

  expect(await readdir(join(folder, ".unfinished"))).toEqual(["of-another-process"]);
  const pages: string[][] = [];
  for await (const page of storage.keysBefore(new Date("2100-01-01"))) pages.push(page);
  expect(pages).toEqual([["whole"]]);
});

test("what others have put into the folder is not listed", async () => {
  const { storage, folder } = await start();
  await storage.put("ours", aContent());
  await writeFile(join(folder, "README.txt"), "somebody's");

  const pages: string[][] = [];
  for await (const page of storage.keysBefore(new Date("2100-01-01"))) pages.push(page);

  expect(pages).toEqual([["ours"]]);
});

async function start() {
  const place = await mkdtemp(join(tmpdir(), "barong-test-"));
  onTestFinished(() => rm(place, { recursive: true, force: true }));
  const folder = join(place, "documents");
  let present = new Date("2026-03-01T12:00:00Z");
  const storage = createFolderStorage({
    folder,
    baseUrl: "https://exchange.example.com/files",
    linkKeys: [randomBytes(32)],
    clock: () => present,
  });
  const tick = (seconds: number) => {
    present = new Date(present.getTime() + seconds * 1000);
    return present;
  };
  return { storage, folder, tick, now: () => present };
}
