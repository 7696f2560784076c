# Signs a request with an API key, sends it and prints the answer. BARONG_URL, BARONG_KID and BARONG_SECRET say where and by whom:
# sh sign.sh VERB /path?query [BODY]
set -eu
verb=$1 target=$2 body=${3-}

sha256() { openssl dgst -sha256 -r "$@" | cut -d ' ' -f 1; }
# Seconds are as near as every date knows them.
nonce=${BARONG_NONCE:-$(date +%s)000-$(openssl rand -hex 16)}
body_hash=$(printf %s "$body" | sha256)
signature=$(printf '%s\n%s\n%s\n%s\n%s\n%s' BARONG-HMAC-SHA256 \
  "$BARONG_KID" "$nonce" "$verb" "$target" "$body_hash" | sha256 -hmac "$BARONG_SECRET")

set -- --header "X-Auth-Apikey: $BARONG_KID" --header "X-Auth-Nonce: $nonce" \
  --header "X-Auth-Content-SHA256: $body_hash" --header "X-Auth-Signature: v2=$signature"
if [ -n "$body" ]; then set -- "$@" --header "Content-Type: application/json" --data-raw "$body"; fi
# The path must arrive as it was signed.
curl --silent --show-error --fail-with-body --globoff --path-as-is --request "$verb" "$@" "$BARONG_URL$target"
