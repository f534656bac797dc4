#!/usr/bin/env bash
# tsup 8.5.1 with typescript 5.9.3 (npm).
#
# With --splitting, `a ?? (yield b)` in a generator becomes a CommonJS file that no Node can read, whatever --target
# says: what stands right of ?? is moved into an arrow function, and a yield cannot stand there. tsup says
# "Build success". The ES module of the same build is right, and so is CommonJS without --splitting. Since
# programs mostly load the ES module, it is found by the first who calls require().
#
# Seen: ES module "runs", CommonJS "SyntaxError", CommonJS without splitting "runs"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
echo '{}' > package.json
npm install --silent --no-save tsup@8.5.1 typescript@5.9.3 > /dev/null
cat > index.ts <<'TS'
export function* firstOf(given: number | undefined): Generator<string, number> {
  return given ?? (yield 'none was given')
}
TS
npx tsup index.ts --target node20 --format esm,cjs --splitting --out-dir split > log 2>&1
npx tsup index.ts --target node20 --format cjs --no-splitting --out-dir whole >> log 2>&1

of() { node -e "import('$folder/$1').then(() => 'runs', (error) => error.name).then(console.log)"; }
seen="ES module \"$(of split/index.mjs)\", CommonJS \"$(of split/index.js)\", CommonJS without splitting \"$(of whole/index.js)\""
echo "$seen"

expected='ES module "runs", CommonJS "SyntaxError", CommonJS without splitting "runs"'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
