// A gateway for 1,000,000 known clients, of which the device holds 1,000 at most: whoever knocks is
// looked up in SQLite and installed while its first packet waits. Metrics are for Prometheus.
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

// The records: whose key may come in, and with which address. Yours exist already.
const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
const database = new sqlite.Database(join(folder, 'clients.db'))
database.exec(`
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  CREATE TABLE client (key BLOB PRIMARY KEY, address TEXT NOT NULL) WITHOUT ROWID;
  WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number LIMIT ${KNOWN})
  INSERT INTO client SELECT randomblob(32),
    '10.' || (64 + (n >> 16)) || '.' || ((n >> 8) & 255) || '.' || (n & 255) || '/32' FROM number ORDER BY 1;
`)
const clientKey = generatePrivateKey()
const clientBytes = Buffer.from(publicKey(clientKey), 'base64')
database.run('INSERT INTO client VALUES (?, ?)', [clientBytes, '10.63.0.1/32'])
const find = database.prepare('SELECT address FROM client WHERE key = ?')

const wg = await open()
await wg.create('wg-gate')
await wg.configure('wg-gate', { privateKey: generatePrivateKey(), listenPort: 51820 })
execFileSync('ip', ['link', 'set', 'wg-gate', 'up'])

const gateway = await wg.justInTime('wg-gate', {
  maxPeers: MAX_PEERS,
  idle: 5 * 60_000,
  lookup(key) {
    const row = find.get([Buffer.from(key, 'base64')])
    return row ? { allowedIPs: [String(row.address)] } : null
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

// A client, here on the same machine. Its keepalive makes it knock.
const { publicKey: gatewayKey = '' } = await wg.device('wg-gate')
await wg.create('wg-client')
execFileSync('ip', ['link', 'set', 'wg-client', 'up'])
await wg.configure('wg-client', {
  privateKey: clientKey,
  peers: [{ publicKey: gatewayKey, endpoint: '127.0.0.1:51820', persistentKeepalive: 25 }],
})
for await (const event of wg.watch('wg-client', { interval: 100, initial: true })) {
  const isThere =
    event.type === 'peer-handshake' || (event.type === 'peer-added' && event.peer.lastHandshake)
  if (isThere) break
}

const { port } = server.address() as AddressInfo
console.log(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())

// A service would go on until it is told to end.
server.close()
server.closeAllConnections()
await gateway.close()
await wg.delete('wg-client')
await wg.delete('wg-gate')
await wg.close()
find.finalize()
database.close()
rmSync(folder, { recursive: true })
