import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createS3Storage, type S3Settings } from "../../../src/ports/storage/s3-storage.js";
import { type Content, type Storage, StorageUnavailable } from "../../../src/ports/storage/storage.js";
import { deleteBucket, plainClient, s3Settings } from "../../support/s3.js";
import { describeS3 } from "../../support/storages.js";
import { startTcpProxy } from "../../support/tcp-proxy.js";
import { aContent, MEBIBYTE, mebibytes } from "./contents.js";

const TERMS = { seconds: 60, fileName: "passport.pdf", contentType: "application/pdf" };
const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

describeS3("S3", (url) => {
  test("the bucket is made at first use, also when several begin at once", async () => {
    const settings = fresh();
    const storages = [open(settings), open(settings), open(settings)];

    await Promise.all(storages.map((storage, index) => storage.put(`a${index}`, aLargeContent())));

    expect(await keysOf(storages[0])).toEqual(["a0", "a1", "a2"]);
  });

  test("a bucket that was deleted is made again", async () => {
    const settings = fresh();
    const storage = open(settings);
    await storage.put("a", aContent());
    await deleteBucket(settings);

    await refusalOf(storage.put("b", aContent()));
    await storage.put("b", aContent());

    expect(await keysOf(storage)).toEqual(["b"]);
  });

  test("what others keep in the bucket is not listed", async () => {
    const settings = fresh();
    const storage = open(settings);
    await storage.put("ours", aContent());
    await plainClient(settings).putObject(settings.bucket, "Backup 2026.zip", "theirs");

    expect(await keysOf(storage)).toEqual(["ours"]);
  });

  test("keys that are refused make the storage unavailable, and are not told", async () => {
    const settings = fresh();
    const storage = open({ ...settings, secretKey: "Never2belogged" });

    for (const attempt of attemptsOn(storage)) {
      const refusal = await refusalOf(attempt());
      expect(refusal.message).toMatch(/\((SignatureDoesNotMatch|AccessDenied)\)/);
      expect(refusal.stack).not.toContain("Never2belogged");
    }
  });

  test("links lead to the public address, where they hold", async () => {
    const settings = fresh();
    const outside = await proxied(settings);
    const storage = open({ ...settings, publicEndpoint: outside.endpoint });
    await storage.put("a", aContent(Buffer.from("the scan")));

    const link = await storage.linkTo("a", TERMS);

    expect(new URL(link).origin).toBe(outside.endpoint);
    expect(await (await fetch(link)).text()).toBe("the scan");
  });

  test.each([
    ["falls silent", { blackhole: true }],
    ["resets every connection", { down: true }],
  ])("a storage that %s is unavailable before long, and good again afterwards", async (_what, trouble) => {
    const settings = fresh();
    const { endpoint, proxy } = await proxied(settings);
    const storage = open({ ...settings, endpoint, silenceMs: 1000 });
    await storage.put("a", aContent());

    Object.assign(proxy, trouble);
    for (const attempt of attemptsOn(storage)) {
      const begin = performance.now();
      await refusalOf(attempt());
      expect(performance.now() - begin).toBeLessThan(4000);
    }
    Object.assign(proxy, { blackhole: false, down: false });

    await storage.put("b", aContent());
    expect(await keysOf(storage)).toEqual(["a", "b"]);
  });

  test("a connection that is cut in the middle of a content leaves nothing of it", async () => {
    const settings = fresh();
    const { endpoint, proxy } = await proxied(settings);
    const storage = open({ ...settings, endpoint });
    await storage.check();
    let readings = 0;
    const content = {
      open: () => Readable.from(++readings === 1 ? mebibytes(8) : cutAfter(4, proxy.resetAll)),
      bytes: 8 * MEBIBYTE,
      contentType: "application/pdf",
    };

    await refusalOf(storage.put("a", content));

    expect(readings).toBe(2);
    expect(await keysOf(storage)).toEqual([]);
  });

  const fresh = (): S3Settings => {
    const settings = s3Settings(url);
    onTestFinished(() => deleteBucket(settings));
    return settings;
  };

  async function proxied({ endpoint }: S3Settings) {
    const { hostname, port } = new URL(endpoint);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port || 80) });
    onTestFinished(proxy.close);
    return { proxy, endpoint: `http://127.0.0.1:${proxy.port}` };
  }
});

test.each([500, 502, 503, 429])("an answer %i means unavailable, and keeps no connection", async (status) => {
  const { storage, connections } = await servedBy((request, response) => {
    request.resume();
    response.writeHead(status).end("x".repeat(100_000));
  });

  for (const attempt of attemptsOn(storage)) await refusalOf(attempt());

  await expect.poll(connections).toBe(0);
});

test.each([
  ["a page of a proxy", 200, "<html>Welcome</html>"],
  ["a refusal without words", 403, ""],
  ["no XML at all", 400, "}{"],
])("%s in place of an answer means unavailable", async (_what, status, body) => {
  const { storage } = await servedBy((request, response) => {
    request.resume();
    response.writeHead(status).end(body);
  });

  await refusalOf(storage.keysBefore(IN_AN_HOUR)[Symbol.asyncIterator]().next());
});

test("an answer that trickles without end is given up after the time for one operation", async () => {
  const { storage } = await servedBy((request, response) => {
    request.resume();
    response.writeHead(200);
    const trickle = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(trickle));
  }, 400);

  await refusalOf(storage.delete("a"));
  await refusalOf(keysOf(storage));
});

test("a bucket that can neither be found nor made is named", async () => {
  const { storage } = await servedBy((request, response) => {
    request.resume();
    if (request.method === "HEAD") response.writeHead(404).end();
    else response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
  });

  const refusal = await refusalOf(storage.put("a", aContent()));

  expect(refusal.message).toContain("there is no bucket documents, and it cannot be made (AccessDenied)");
});

test("keys that may only store files are enough to store them", async () => {
  const { storage } = await servedBy((request, response) => {
    request.resume();
    response.writeHead(request.method === "PUT" && request.url === "/documents/a" ? 200 : 403).end();
  });

  await storage.put("a", aContent());
  await refusalOf(storage.check());
});

test("a link is made without asking anybody", async () => {
  const asked: string[] = [];
  const { storage } = await servedBy((request, response) => {
    asked.push(request.url ?? "");
    response.end();
  });

  await storage.linkTo("a", TERMS);

  expect(asked).toEqual([]);
});

/** A storage whose other side is ours. */
async function servedBy(listener: RequestListener, timeoutMs = 5000) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const storage = open({
    ...s3Settings(`http://key:secret@127.0.0.1:${port}`),
    bucket: "documents",
    timeoutMs,
  });
  const connections = () =>
    new Promise((resolve, reject) =>
      server.getConnections((fault, count) => (fault ? reject(fault) : resolve(count))),
    );
  return { storage, connections };
}

function open(settings: S3Settings): Storage {
  const storage = createS3Storage(settings);
  onTestFinished(storage.close);
  return storage;
}

/** Everything that needs the other side. */
const attemptsOn = (storage: Storage): (() => Promise<unknown>)[] => [
  () => storage.put("a", aContent()),
  () => storage.delete("a"),
  () => keysOf(storage),
  () => storage.check(),
];

async function keysOf(storage: Storage | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of storage?.keysBefore(IN_AN_HOUR) ?? []) keys.push(...page);
  return keys.sort();
}

const aLargeContent = (): Content => ({
  open: () => Readable.from(mebibytes(8)),
  bytes: 8 * MEBIBYTE,
  contentType: "application/pdf",
});

function* cutAfter(count: number, cut: () => void): Generator<Buffer> {
  yield* mebibytes(count);
  cut();
  yield* mebibytes(count);
}

async function refusalOf(attempt: Promise<unknown>): Promise<StorageUnavailable> {
  const outcome = await attempt.then(
    () => "success",
    (refusal: unknown) => refusal,
  );
  if (!(outcome instanceof StorageUnavailable)) throw new Error("it was not refused", { cause: outcome });
  return outcome;
}
