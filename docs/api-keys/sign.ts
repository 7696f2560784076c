// Signs a request with an API key, sends it and prints the answer. BARONG_URL, BARONG_KID and BARONG_SECRET say where and by whom:
// npx tsx sign.ts VERB /path?query [BODY]
import { createHash, createHmac, randomUUID } from "node:crypto";

const { BARONG_URL, BARONG_KID = "", BARONG_SECRET = "", BARONG_NONCE } = process.env;
const [verb = "GET", path = "/", body = ""] = process.argv.slice(2);
const url = new URL(path, BARONG_URL);

const nonce = BARONG_NONCE ?? `${Date.now()}-${randomUUID()}`;
const bodyHash = createHash("sha256").update(body).digest("hex");
const text = ["BARONG-HMAC-SHA256", BARONG_KID, nonce, verb, url.pathname + url.search, bodyHash].join("\n");
const headers = new Headers({
  "X-Auth-Apikey": BARONG_KID,
  "X-Auth-Nonce": nonce,
  "X-Auth-Content-SHA256": bodyHash,
  "X-Auth-Signature": `v2=${createHmac("sha256", BARONG_SECRET).update(text).digest("hex")}`,
});
if (body !== "") headers.set("Content-Type", "application/json");

const answer = await fetch(url, { method: verb, headers, body: body === "" ? null : body });
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
