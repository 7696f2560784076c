# Signs a request with an API key, sends it and prints the answer. BARONG_URL, BARONG_KID and BARONG_SECRET say where and by whom:
# python3 sign.py VERB /path?query [BODY]
import hashlib, hmac, os, sys, time, urllib.error, urllib.request, uuid

url, kid, secret = (os.environ["BARONG_" + name] for name in ("URL", "KID", "SECRET"))
verb, target, body = (sys.argv[1:] + [""])[:3]

nonce = os.environ.get("BARONG_NONCE") or f"{time.time_ns() // 1_000_000}-{uuid.uuid4()}"
body_hash = hashlib.sha256(body.encode()).hexdigest()
text = "\n".join(["BARONG-HMAC-SHA256", kid, nonce, verb, target, body_hash])
signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
headers = {"X-Auth-Apikey": kid, "X-Auth-Nonce": nonce, "X-Auth-Content-SHA256": body_hash, "X-Auth-Signature": f"v2={signature}"}
if body:
    headers["Content-Type"] = "application/json"

request = urllib.request.Request(url + target, body.encode() or None, headers, method=verb)
try:
    print(urllib.request.urlopen(request).read().decode())
except urllib.error.HTTPError as refusal:
    print(refusal.read().decode())
    sys.exit(1)
