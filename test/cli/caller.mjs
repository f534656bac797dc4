// One of two callers who manage the clients of one server: node caller.mjs FILE DATABASE WGCTRL. Takes rounds, each a list
// of flows of a panel, and sends what became of them. Which clients a flow is about is told by numbers.
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  generatePrivateKey,
  holdConfigFile,
  nextAddress,
  open,
  publicKey,
  readConfigFile,
  toInterfaceConfig,
  updateConfig,
  writeConfigFile,
} from 'wgctrl'

const [path, database, program] = process.argv.slice(2)
const name = basename(path, '.conf')
const wg = await open()

/** The file, the database and the device of one moment, and nobody else at work on them. */
const change = (body) =>
  holding(async () => {
    const file = await readConfigFile(path)
    const clients = JSON.parse(await readFile(database, 'utf8'))
    const peers = await body(file, clients)
    if (peers === undefined) return
    await writeConfigFile(path, file)
    await wg.configure(name, { peers })
    await writeFile(database, JSON.stringify(clients))
  })

async function holding(body) {
  const lock = await holdConfigFile(path)
  try {
    return await body()
  } finally {
    lock[Symbol.dispose]()
  }
}

const pick = (clients, { number }, isWanted) => {
  const keys = Object.keys(clients).filter((key) => isWanted(clients[key]))
  return keys[number % keys.length]
}

/** The same client in the file and on the device. */
function admit(file, key, client) {
  file.addPeer({ publicKey: key, name: client.name, allowedIPs: [client.address] })
  return [{ publicKey: key, allowedIPs: [client.address] }]
}

function dismiss(file, key) {
  file.removePeer(key)
  return [{ publicKey: key, remove: true }]
}

const flows = {
  add: ({ number }) =>
    change(async (file, clients) => {
      const used = file.peers.flatMap((peer) => peer.allowedIPs)
      const away = Object.values(clients).map(({ address }) => address)
      // The command does not know of clients that are away: it has the lower half.
      const address = nextAddress(['10.81.128.0/17'], [...used, ...away])
      const key = publicKey(generatePrivateKey())
      clients[key] = { name: `client ${number}`, address: `${address}/32`, isEnabled: true }
      return admit(file, key, clients[key])
    }),
  remove: (flow) =>
    change(async (file, clients) => {
      const key = pick(clients, flow, () => true)
      if (key === undefined) return undefined
      const { isEnabled } = clients[key]
      delete clients[key]
      return isEnabled ? dismiss(file, key) : []
    }),
  disable: (flow) =>
    change(async (file, clients) => {
      const key = pick(clients, flow, ({ isEnabled }) => isEnabled)
      if (key === undefined) return undefined
      clients[key].isEnabled = false
      return dismiss(file, key)
    }),
  enable: (flow) =>
    change(async (file, clients) => {
      const key = pick(clients, flow, ({ isEnabled }) => !isEnabled)
      if (key === undefined) return undefined
      clients[key].isEnabled = true
      return admit(file, key, clients[key])
    }),
  save: () =>
    change(async (file) => {
      updateConfig(file, await wg.device(name))
      return []
    }),
  reload: () =>
    holding(async () => {
      await wg.reconcile(name, toSettings(await readConfigFile(path)))
    }),
  'wgctrl save': () => command('save', path),
  'wgctrl reload': () => command('reload', path, '-q'),
  'wgctrl ensure': () => command('ensure', path, '-q'),
  'wgctrl new client': async () => {
    const { status, err } = await command('new', 'client', path, '--endpoint', 'vpn.example.net')
    return { status, added: /^(\S{44}) has /m.exec(err)?.[1] }
  },
  async 'wgctrl remove client'({ number, others }) {
    const key = others[number % others.length]
    if (key === undefined) return {}
    const { status, err } = await command('remove', 'client', path, key)
    // The other caller may have been first.
    if (status !== 0 && !err.includes('has no client')) return { status, err }
    return { status: 0, removed: key }
  },
}

const toSettings = (file) => {
  const { name: _, hooks, dns, ...settings } = toInterfaceConfig(file, name)
  return settings
}

function command(...words) {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], (error, out, err) => {
      resolve({ status: error ? error.code : 0, out, err })
    })
  })
}

async function run(flow) {
  await sleep(flow.delay)
  try {
    return { ...flow, ...(await flows[flow.kind](flow)) }
  } catch (error) {
    return { ...flow, status: 1, err: error.stack }
  }
}

process.on('message', async (round) => {
  if (round === 'end') {
    await wg.close()
    process.disconnect()
    return
  }
  const done = []
  for (const flow of round) done.push(await run(flow))
  process.send(done)
})
process.send('ready')
