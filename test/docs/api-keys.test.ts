import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { isSignature, signatureBy } from "../../src/features/api-keys/signature.js";
import { describeEachDatabase } from "../support/databases.js";
import { keyOfMember } from "../support/key-owner.js";
import { startedApp } from "../support/start-app.js";

const root = join(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/api-keys/README.md"), "utf8");
const vectors: Vectors = JSON.parse(await readFile(join(root, "docs/api-keys/vectors.json"), "utf8"));

interface Vectors {
  readonly nonce: readonly KeyAndNonce[];
  readonly request: readonly (KeyAndNonce & {
    readonly verb: string;
    readonly target: string;
    readonly body: string;
    readonly content_sha256: string;
    readonly signed_text: string;
  })[];
}

interface KeyAndNonce {
  readonly kid: string;
  readonly secret: string;
  readonly nonce: string;
  readonly signature: string;
}

/** The programs that there are for examples besides Node; TEST_PROGRAMS names them where not all have to be there. */
const programs = (process.env.TEST_PROGRAMS ?? "python3,openssl,curl").split(",");

const examples = [
  { file: "sign.ts", command: [process.execPath, "--import", "tsx"], needs: [] },
  { file: "sign.py", command: ["python3"], needs: ["python3"] },
  { file: "sign.sh", command: ["sh"], needs: ["openssl", "curl"] },
].filter(({ needs }) => needs.every((program) => programs.includes(program)));

describe("the vectors", () => {
  test.each(vectors.nonce)("the nonce $nonce of $kid has the published signature", (vector) => {
    const { secret, signature, ...named } = vector;
    const signed = { ...named, verb: "GET", target: "/", bodyHash: "" };

    expect(signatureBy("nonce", secret, signed)).toBe(signature);
    expect(isSignature(signature, "nonce", secret, signed)).toBe(true);
    expect(isSignature(signature.toUpperCase(), "nonce", secret, signed)).toBe(false);
  });

  test.each(vectors.request)("$verb $target has the published signature", (vector) => {
    const { secret, signature, content_sha256: bodyHash, ...named } = vector;
    const signed = { ...named, bodyHash };

    expect(signatureBy("request", secret, signed)).toBe(signature);
    expect(isSignature(signature, "request", secret, signed)).toBe(true);
    expect(isSignature(signature.slice(3), "request", secret, signed)).toBe(false);
    const { kid, nonce, verb, target } = vector;
    expect(vector.signed_text.split("\n")).toEqual([
      ...["BARONG-HMAC-SHA256", kid, nonce, verb, target, bodyHash],
    ]);
  });

  test("hold what Barong 2 published, and what the page shows", () => {
    const [first] = vectors.nonce;
    expect(first).toEqual({
      ...{ kid: "61d025b8573501c2", secret: "2d0b4979c7fe6986daa8e21d1dc0644f", nonce: "1584524005143" },
      signature: "bd42b945e095880e28d046846dbecf655fdf09d95a396a24fe6fe1df42f15d13",
    });
    const shown = /```\n(BARONG-HMAC.*?)\n```/s.exec(page)?.[1];
    expect(vectors.request.map(({ signed_text }) => signed_text)).toContain(shown);
  });
});

describe.each(examples)("the example $file", ({ file, command }) => {
  const [program = "", ...first] = command;

  test.each(vectors.request)("sends $verb $target as published", async (vector) => {
    const { kid, secret, nonce, verb, target, body } = vector;
    const recorder = await startRecorder();

    const args = [...first, `docs/api-keys/${file}`, verb, target, ...(body === "" ? [] : [body])];
    const env = { ...process.env, BARONG_URL: recorder.url, BARONG_KID: kid, BARONG_SECRET: secret };
    await promisify(execFile)(program, args, { cwd: root, env: { ...env, BARONG_NONCE: nonce } });

    await recorder.close();
    const [request] = recorder.requests;
    expect(recorder.requests).toHaveLength(1);
    expect([request?.verb, request?.target, request?.body]).toEqual([verb, target, body]);
    expect(request?.headers).toMatchObject({
      ...{ "x-auth-apikey": kid, "x-auth-nonce": nonce, "x-auth-signature": vector.signature },
      "x-auth-content-sha256": vector.content_sha256,
    });
  });
});

describeEachDatabase("the page on API keys", (database) => {
  const app = startedApp(database);

  test.each(examples)("runs $file as it is printed", async ({ file }) => {
    const { kid, secret } = await keyOfMember(app);
    const [settings = "", ...lines] = (/```sh\n(.*?)\n```/s.exec(page)?.[1] ?? "").split("\n");
    const line = lines.find((printed) => printed.includes(`docs/api-keys/${file}`)) ?? "";
    const own = settings
      .replace("http://localhost:8080", app.http)
      .replace("61d025b8573501c2", kid)
      .replace("2d0b4979c7fe6986daa8e21d1dc0644f", secret);
    const run = (...script: string[]) =>
      promisify(execFile)("sh", ["-euc", script.join("\n")], { cwd: root });

    const { stdout } = await run(own, line);

    const [sent] = /\{.*\}/.exec(line) ?? [];
    const expected = sent === undefined ? [{ key: "email", value: "verified" }] : JSON.parse(sent);
    expect(JSON.parse(stdout)).toMatchObject(expected);
    const wrong = run(own.replace(secret, secret.toUpperCase()), line);
    await expect(wrong).rejects.toMatchObject({
      stdout: expect.stringMatching(/^\{"errors":\["authz.invalid_signature"\]\}\s*$/),
    });
  });
});

interface Recorded {
  readonly verb: string | undefined;
  readonly target: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that writes down what it is sent. */
async function startRecorder() {
  const requests: Recorded[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { method: verb, url: target, headers } = request;
    requests.push({ verb, target, headers, body: Buffer.concat(pieces).toString() });
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
