// node screenshots.mjs FOLDER: pictures of `wgctrl watch` and `wgctrl show` at work, as SVG. A gateway and
// five clients, each in a network namespace of its own, with pings between them. Needs namespaces of its own
// for all of it, which scripts/screenshots.mjs makes.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatePrivateKey, open, publicKey } from 'wgctrl'
import { terminalPicture } from './terminal-picture.mjs'

const [folder = '.'] = process.argv.slice(2)
const wgctrl = fileURLToPath(new URL('../packages/cli/dist/bin.cjs', import.meta.url))
const size = { columns: 120, rows: 11 }
const SECONDS = 40

/** Who pings, how many bytes, how often; one after the other begins, and not all go on to the end. */
const clients = [
  { name: 'alice (laptop)', bytes: 1300, interval: 0.01, from: 0, to: 40 },
  { name: 'bob', bytes: 400, interval: 0.05, from: 8, to: 30 },
  { name: 'carol (phone)', bytes: 1000, interval: 0.2, from: 2, to: 40 },
  { name: 'dave', bytes: 56, interval: 1, from: 15, to: 40 },
  { name: 'backup', bytes: 1400, interval: 0.005, from: 24, to: 40 },
].map((client, index) => ({ ...client, index, privateKey: generatePrivateKey() }))

/** How much slower a client pings, two seconds each. */
const PACE = [1, 2, 4, 1.5, 1, 6, 3, 1.2]

const ip = (/** @type {string[]} */ ...args) => execFileSync('ip', args)

const scratch = mkdtempSync(join(tmpdir(), 'wgctrl-screenshots-'))
const names = join(scratch, 'names.conf')
const wg = await open({ backends: ['userspace'] })
try {
  await makeDevices()
  for (const client of clients) setTimeout(() => ping(client), client.from * 1000)
  const watched = await inTerminal(`watch wg0 --names ${names}`, SECONDS)
  save('watch', 'wgctrl watch wg0', lastFrame(watched))
  const shown = await inTerminal('show wg0', 30)
  save('show', 'wgctrl show wg0', shown.split('\n').slice(0, 17).join('\n'))
} finally {
  for (const name of ['wg0', ...clients.map(({ index }) => `wgc${index}`)]) await wg.delete(name)
  await wg.close()
  rmSync(scratch, { recursive: true })
}

async function makeDevices() {
  const gatewayKey = generatePrivateKey()
  await wg.create('wg0')
  await wg.configure('wg0', {
    privateKey: gatewayKey,
    listenPort: 51820,
    peers: clients.map(({ privateKey, index }) => ({
      publicKey: publicKey(privateKey),
      allowedIPs: [`10.8.0.${index + 2}/32`],
    })),
  })
  ip('address', 'add', '10.8.0.1/24', 'dev', 'wg0')
  ip('link', 'set', 'wg0', 'up')
  const sections = clients.map(
    ({ name, privateKey }) => `[Peer]\n# Name = ${name}\nPublicKey = ${publicKey(privateKey)}\n`,
  )
  writeFileSync(names, sections.join('\n'))
  for (const { index, privateKey } of clients) {
    const netns = `client${index}`
    const outer = `10.9.${index}`
    ip('netns', 'add', netns)
    ip('link', 'add', `out${index}`, 'type', 'veth', 'peer', 'out', 'netns', netns)
    ip('address', 'add', `${outer}.1/24`, 'dev', `out${index}`)
    ip('link', 'set', `out${index}`, 'up')
    ip('-n', netns, 'address', 'add', `${outer}.2/24`, 'dev', 'out')
    ip('-n', netns, 'link', 'set', 'out', 'up')
    await wg.create(`wgc${index}`, { netns })
    const peer = { publicKey: publicKey(gatewayKey), endpoint: `${outer}.1:51820` }
    await wg.configure(`wgc${index}`, {
      privateKey,
      peers: [{ ...peer, allowedIPs: ['10.8.0.0/24'] }],
    })
    ip('-n', netns, 'address', 'add', `10.8.0.${index + 2}/24`, 'dev', `wgc${index}`)
    ip('-n', netns, 'link', 'set', `wgc${index}`, 'up')
  }
}

/**
 * Pings until the client's time is over.
 *
 * @param {typeof clients[number]} client
 */
async function ping({ index, bytes, interval, from, to }) {
  for (let second = from, turn = index; second < to; second += 2, turn++) {
    const pause = interval * (PACE[turn % PACE.length] ?? 1)
    const args = ['-q', '-s', `${bytes}`, '-i', `${pause}`, '-w', '2', '10.8.0.1']
    const options = { stdio: /** @type {const} */ ('ignore') }
    await once(spawn('ip', ['netns', 'exec', `client${index}`, 'ping', ...args], options), 'close')
  }
}

/**
 * What a command of ours writes to a terminal; after so many seconds it is told to end.
 *
 * @param {string} words
 * @param {number} seconds
 */
async function inTerminal(words, seconds) {
  const stty = `stty cols ${size.columns} rows ${size.rows}`
  const line = `${stty}; exec ${process.execPath} ${wgctrl} ${words}`
  const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }
  delete env.NO_COLOR
  const child = spawn('script', ['--quiet', '--flush', '--command', line, '/dev/null'], { env })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  const timer = setTimeout(() => child.stdin.write('q'), (seconds - 1) * 1000)
  await once(child, 'close')
  clearTimeout(timer)
  return text.replaceAll('\r', '')
}

/** @param {string} text */
function lastFrame(text) {
  const frames = text.split('\x1b[?1049l')[0]?.split('\x1b[H') ?? []
  return frames.at(-1) ?? ''
}

/**
 * @param {string} file
 * @param {string} title
 * @param {string} text
 */
function save(file, title, text) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${file}.svg`), terminalPicture(text, title, size.columns))
  console.log(`${file}.svg`)
}
