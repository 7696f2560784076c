import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "..", "..", "src");

interface SourceFile {
  /** Relative to src, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Relative to src; packages by their name, generated code as `gen`. */
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const text = readFileSync(join(src, path), "utf8");
    return {
      path,
      text,
      imports: [...text.matchAll(/(?:from |import |import\()"([^"]+)"/g)].map(([, name = ""]) =>
        place(path, name),
      ),
    };
  });

function place(path: string, imported: string): string {
  if (!imported.startsWith(".")) return imported;
  const target = relative(src, normalize(join(src, dirname(path), imported)));
  return target.startsWith("../gen/") ? "gen" : target.replace(/\.js$/, ".ts");
}

const topOf = (path: string): string => (path.includes("/") ? (path.split("/")[0] ?? "") : "top");
const roomOf = (path: string): string | undefined => /^features\/([^/]+)\//.exec(path)?.[1];

/** Which places of ours each place may import from, besides itself. */
const ARROWS: Record<string, readonly string[]> = {
  client: [],
  platform: [],
  transcoding: [],
  database: ["platform"],
  ports: ["platform"],
  development: ["platform", "ports"],
  features: ["platform", "database", "ports"],
  wire: ["platform", "transcoding"],
};

/** Sentences about what breaks a rule; a test expects none. */
const offences = (rule: (file: SourceFile) => readonly string[]): string[] =>
  files.flatMap((file) => rule(file).map((offence) => `${file.path}: ${offence}`));

test("imports follow the arrows of the map", () => {
  const found = offences(({ path, imports }) => {
    const allowed = ARROWS[topOf(path)];
    if (allowed === undefined) return [];
    const ours = imports.filter((target) => files.some((file) => file.path === target));
    return ours.filter((target) => topOf(target) !== topOf(path) && !allowed.includes(topOf(target)));
  });

  expect(found).toEqual([]);
});

test("a room uses another only through its face, never its store", () => {
  const found = offences(({ path, imports }) => {
    const room = roomOf(path);
    if (room === undefined) return [];
    return imports.filter((target) => {
      const other = roomOf(target);
      return other !== undefined && other !== room && target.endsWith("/store.ts");
    });
  });

  expect(found).toEqual([]);
});

test("rooms do not need each other in a circle", () => {
  const needs = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const room = roomOf(path);
    if (room === undefined) continue;
    const others = needs.get(room) ?? new Set();
    for (const other of imports.map(roomOf)) if (other !== undefined && other !== room) others.add(other);
    needs.set(room, others);
  }
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(needs.get(from) ?? [])].some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, to, seen);
    });

  expect([...needs.keys()].filter((room) => reaches(room, room, new Set()))).toEqual([]);
});

test("features know ports by their contracts only", () => {
  const contracts = [
    "ports/broker/broker.ts",
    "ports/delivery.ts",
    "ports/mail/mail.ts",
    "ports/captcha/captcha.ts",
    "ports/storage/storage.ts",
    "ports/sms/sms.ts",
    "ports/webhook/webhook.ts",
  ];

  const found = offences(({ path, imports }) =>
    topOf(path) === "features"
      ? imports.filter((target) => target.startsWith("ports/") && !contracts.includes(target))
      : [],
  );

  expect(found).toEqual([]);
});

test("each framework has its place", () => {
  const places: readonly (readonly [string, (path: string) => boolean])[] = [
    ["sequelize", (path) => topOf(path) === "database" || /\/(?:store|queue)\.ts$/.test(path)],
    ["fastify", (path) => ["wire", "transcoding", "development"].includes(topOf(path))],
    ["@grpc/grpc-js", (path) => topOf(path) === "wire"],
    ["amqplib", (path) => path.startsWith("ports/broker/")],
    ["amqp-connection-manager", (path) => path.startsWith("ports/broker/")],
    ["nodemailer", (path) => path.startsWith("ports/mail/")],
    ["twilio", (path) => path.startsWith("ports/sms/")],
    ["libphonenumber-js/max", (path) => path === "features/phones/rules.ts"],
    ["minio", (path) => path.startsWith("ports/storage/")],
  ];

  const found = offences(({ path, imports }) =>
    places.filter(([name, isPlace]) => imports.includes(name) && !isPlace(path)).map(([name]) => name),
  );

  expect(found).toEqual([]);
});

test("stores know rows, not messages", () => {
  const found = offences(({ path, imports }) =>
    path.endsWith("/store.ts") ? imports.filter((target) => target === "gen") : [],
  );

  expect(found).toEqual([]);
});

test("the environment, the clock and chance come from outside", () => {
  const hidden: readonly (readonly [string, RegExp])[] = [
    ["reads the environment", /process\.env/],
    ["has a hidden clock", /new Date\(\)|Date\.now\(\)/],
    ["has hidden chance", /Math\.random\(|randomBytes\(|randomUUID\(/],
  ];
  const isEntry = (path: string) => ["main.ts", "migrate.ts", "jwt-keys.ts"].includes(path);

  const found = offences(({ path, text }) =>
    topOf(path) === "platform" || isEntry(path)
      ? []
      : hidden.filter(([, pattern]) => pattern.test(text)).map(([offence]) => offence),
  );

  expect(found).toEqual([]);
});

test("the transcoder has no word of the product", () => {
  expect(
    offences(({ path, text }) => (topOf(path) === "transcoding" && /barong/i.test(text) ? ["barong"] : [])),
  ).toEqual([]);
});
