// A panel for the clients of one WireGuard interface. README.md says how it is run.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { publicKey } from 'wgctrl'
import { api } from './server/api.mjs'
import { Clients } from './server/clients.mjs'
import { openDatabase } from './server/database.mjs'
import { History } from './server/history.mjs'
import { makeServer } from './server/http.mjs'
import { Live } from './server/live.mjs'
import { pages } from './server/pages.mjs'
import { Sessions } from './server/sessions.mjs'
import { SettingsStore } from './server/settings.mjs'
import { Tunnel } from './server/tunnel.mjs'
import { serverKey, Vault } from './server/vault.mjs'
import { Machine } from './server/wireguard.mjs'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'data' },
    listen: { type: 'string', default: '127.0.0.1:8080' },
    device: { type: 'string', default: 'wg0' },
    helper: { type: 'string' },
    proxied: { type: 'boolean', default: false },
  },
})

// What it writes is for nobody else.
process.umask(0o077)
mkdirSync(values.data, { recursive: true })
const database = openDatabase(join(values.data, 'panel.db'))
const sessions = new Sessions(database)
if (!sessions.hasPassword) {
  console.error('Nobody can log in yet. Set a password: npm run password')
  process.exit(1)
}

const vault = new Vault(join(values.data, 'vault.key'))
const key = serverKey(database, vault)
const settings = new SettingsStore(database)
const clients = new Clients(database, vault, publicKey(key), settings)
const history = new History(database)
const machine = new Machine(values.helper)
const name = values.device
const tunnel = new Tunnel({ machine, name, key, database, settings, clients, history })
const live = new Live(machine, name, clients, tunnel)
const isProxied = values.proxied
const server = makeServer({
  ...pages(),
  ...api({ sessions, settings, clients, history, tunnel, live, isProxied }),
})

await tunnel.start()
const { hostname, port } = new URL(`http://${values.listen}`)
server.listen(Number(port), hostname.replace(/^\[|\]$/g, ''), () => {
  console.log(`The panel is at http://${values.listen}/`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

/** The tunnel goes on without the panel. */
async function stop() {
  live.close()
  server.close()
  server.closeIdleConnections()
  await tunnel.close()
  await machine.close()
  key.wipe()
  database.close()
  process.exit()
}
