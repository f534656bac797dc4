// A gateway that guards 1,000,000 known clients with at most 1,000 peers in the device: whoever knocks is
// looked up in SQLite and takes the place of the one that was idle longest. Metrics are for Prometheus.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import { Counter, Gauge, Registry } from 'prom-client'
import { generatePrivateKey, open, publicKey } from 'wgctrl'

const KNOWN = 1_000_000
const MAX_PEERS = 1_000

// The records: whose key may come in, and its number, of which its address is made. Yours exist already.
const addressOf = (n: number) => `10.${64 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}/32`
const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
const database = new sqlite.Database(join(folder, 'clients.db'))
database.exec(`
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -256000;
  CREATE TABLE client (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
  WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number LIMIT ${KNOWN})
  INSERT INTO client SELECT randomblob(32), n FROM number ORDER BY 1;
`)
const clients = Array.from({ length: 3 }, (_, index) => ({
  name: `wg-client${index}`,
  privateKey: generatePrivateKey(),
  number: KNOWN + index,
}))
for (const { privateKey, number } of clients) {
  const key = Buffer.from(publicKey(privateKey), 'base64')
  database.run('INSERT INTO client VALUES (?, ?)', [key, number])
}
console.log(`${database.get('SELECT count(*) AS count FROM client')?.count} clients are known`)
const find = database.prepare('SELECT number FROM client WHERE key = ?')

// The device is full, of clients that came before.
const wg = await open()
const earlier = database.all(`SELECT key, number FROM client LIMIT ${MAX_PEERS}`)
await wg.create('wg-gate')
await wg.configure('wg-gate', {
  privateKey: generatePrivateKey(),
  listenPort: 51820,
  peers: earlier.map(({ key, number }) => ({
    publicKey: key as Uint8Array,
    allowedIPs: [addressOf(Number(number))],
  })),
})
execFileSync('ip', ['link', 'set', 'wg-gate', 'up'])

const gateway = await wg.justInTime('wg-gate', {
  maxPeers: MAX_PEERS,
  idle: 5 * 60_000,
  lookup(key) {
    const row = find.get([Buffer.from(key, 'base64')])
    return row ? { allowedIPs: [addressOf(Number(row.number))] } : null
  },
  onEvent: (event) => console.log(event.type, 'publicKey' in event ? event.publicKey : ''),
})

const registry = new Registry()
new Gauge({
  name: 'gateway_peers',
  help: 'Peers in the device',
  registers: [registry],
  collect() {
    this.set(gateway.size)
  },
})
/** The gateway counts; Prometheus is told how much it became. */
function countersOf(prefix: string, help: string, read: () => object): void {
  new Counter({
    name: `gateway_${prefix}_total`,
    help,
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [outcome, value] of Object.entries(read())) this.inc({ outcome }, value)
    },
  })
}
countersOf('clients', 'What became of clients', () => gateway.counters)
countersOf('initiations', 'What became of packets', () => gateway.handshakeCounters)

const server = createServer(async (_, response) => {
  response.setHeader('Content-Type', registry.contentType)
  response.end(await registry.metrics())
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

// Clients, here on the same machine. Their keepalives make them knock.
const { publicKey: gatewayKey = '' } = await wg.device('wg-gate')
for (const { name, privateKey } of clients) {
  await wg.create(name)
  execFileSync('ip', ['link', 'set', name, 'up'])
  await wg.configure(name, {
    privateKey,
    peers: [{ publicKey: gatewayKey, endpoint: '127.0.0.1:51820', persistentKeepalive: 25 }],
  })
  for await (const event of wg.watch(name, { interval: 100, initial: true })) {
    const isThere =
      event.type === 'peer-handshake' || (event.type === 'peer-added' && event.peer.lastHandshake)
    if (isThere) break
  }
}
console.log(`${(await wg.device('wg-gate')).peers.length} peers are in the device`)

const { port } = server.address() as AddressInfo
console.log(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())

// A service would go on until it is told to end.
server.close()
server.closeAllConnections()
await gateway.close()
for (const { name } of clients) await wg.delete(name)
await wg.delete('wg-gate')
await wg.close()
find.finalize()
database.close()
rmSync(folder, { recursive: true })
