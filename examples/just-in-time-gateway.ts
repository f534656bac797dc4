// A gateway that holds nobody until he knocks: his key is looked up in SQLite, and his first packet is
// answered all the same.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sqlite from 'node-sqlite3-wasm'
import { generatePrivateKey, open, publicKey } from 'wgctrl'

// The records: whose key may come in, and with which address. Yours exist already.
const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
const database = new sqlite.Database(join(folder, 'clients.db'))
database.exec('CREATE TABLE client (key TEXT PRIMARY KEY, address TEXT NOT NULL) WITHOUT ROWID')
const clientKey = generatePrivateKey()
database.run('INSERT INTO client VALUES (?, ?)', [publicKey(clientKey), '10.8.0.2/32'])
const find = database.prepare('SELECT address FROM client WHERE key = ?')

const wg = await open()
const gatewayKey = generatePrivateKey()
await wg.create('wg-gate')
await wg.configure('wg-gate', { privateKey: gatewayKey, listenPort: 51820 })
execFileSync('ip', ['address', 'add', '10.8.0.1/24', 'dev', 'wg-gate'])
execFileSync('ip', ['link', 'set', 'wg-gate', 'up'])

const gateway = await wg.justInTime('wg-gate', {
  idle: 5 * 60_000,
  lookup(key) {
    const row = find.get([key])
    return row ? { allowedIPs: [String(row.address)] } : null
  },
  onEvent: (event) => console.log(event.type, 'publicKey' in event ? event.publicKey : ''),
})

// A client: here in a network namespace beside this one, with a cable between them.
const ip = (...args: string[]) => execFileSync('ip', args)
ip('netns', 'add', 'client')
ip('link', 'add', 'cable', 'type', 'veth', 'peer', 'cable', 'netns', 'client')
ip('address', 'add', '10.9.0.1/24', 'dev', 'cable')
ip('link', 'set', 'cable', 'up')
ip('-n', 'client', 'address', 'add', '10.9.0.2/24', 'dev', 'cable')
ip('-n', 'client', 'link', 'set', 'cable', 'up')
await wg.create('wg-client', { netns: 'client' })
const peer = { publicKey: publicKey(gatewayKey), endpoint: '10.9.0.1:51820' }
await wg.configure('wg-client', {
  privateKey: clientKey,
  peers: [{ ...peer, allowedIPs: ['10.8.0.0/24'] }],
})
ip('-n', 'client', 'address', 'add', '10.8.0.2/24', 'dev', 'wg-client')
ip('-n', 'client', 'link', 'set', 'wg-client', 'up')

console.log('peers before:', (await wg.device('wg-gate')).peers.length)
const ping = await ended('ip', 'netns', 'exec', 'client', 'ping', '-c', '1', '-W', '60', '10.8.0.1')
console.log(ping.match(/.* time=.*/)?.[0])
console.log('peers after:', (await wg.device('wg-gate')).peers.length, gateway.counters)

// A service would go on until it is told to end.
await gateway.close()
await wg.delete('wg-client')
await wg.delete('wg-gate')
await wg.close()
find.finalize()
database.close()
rmSync(folder, { recursive: true })

/** What a program prints, while this one goes on: it has a client to let in. */
async function ended(command: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(command, args)).stdout
}
