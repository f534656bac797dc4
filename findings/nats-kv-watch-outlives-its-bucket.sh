#!/usr/bin/env bash
# @nats-io/kv 3.3.1 with @nats-io/transport-node 3.3.1 (npm), nats-server 2.9.10 (Debian 12), Node 20, as root.
#
# A watch of a JetStream KV bucket does not end, and throws nothing, when the bucket is destroyed. When another of the
# same name is made, it goes on with that one after a minute or so, at the revision behind the last that it had told of the old
# one: what the new bucket has up to there is never told. A program that keeps a copy by a watch has values of a bucket
# that is gone, and lacks some of the new one, until it is started anew.
#
# Seen: what was told of the old bucket, put into the new one, and told of that, as key and revision:
#   old: a 1, b 2
#   put: b 1, c 2, d 3
#   told: d 3
#   the watch goes on
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq nats-server=2.9.10-1+b3 2> /dev/null
dpkg -x nats-server_*.deb root
npm install --silent --no-save --ignore-scripts --prefix "$folder" @nats-io/kv@3.3.1 @nats-io/transport-node@3.3.1 > /dev/null
cat > look.mjs <<'JS'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'

const connection = await connect({ servers: '127.0.0.1:4222' })
const kvm = new Kvm(connection)
const old = await kvm.create('clients')
for (const key of ['a', 'b']) await old.put(key, 'old')

const told = []
let end = 'the watch goes on'
const watch = await old.watch()
const following = (async () => {
  for await (const { key, revision } of watch) told.push(`${key} ${revision}`)
})().then(
  () => (end = 'the watch ended'),
  (error) => (end = `the watch threw ${error}`),
)
const until = async (isSo) => {
  for (let tries = 0; !isSo() && tries < 1800; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
}
await until(() => told.length === 2)
console.log(`old: ${told.splice(0).join(', ')}`)

await old.destroy()
const anew = await kvm.create('clients')
const put = []
for (const key of ['b', 'c', 'd']) put.push(`${key} ${await anew.put(key, 'new')}`)
console.log(`put: ${put.join(', ')}`)
await until(() => told.length > 0 || end !== 'the watch goes on')
console.log(`told: ${told.join(', ')}`)
console.log(end)
await connection.close()
await following
JS

seen=$(unshare --net sh -c '
  ip link set lo up
  root/usr/sbin/nats-server --jetstream --store_dir data --addr 127.0.0.1 > server.log 2>&1 &
  server=$!
  until grep -q "Server is ready" server.log; do sleep 0.1; done
  node look.mjs
  kill $server')
echo "$seen"

expected='old: a 1, b 2
put: b 1, c 2, d 3
told: d 3
the watch goes on'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
