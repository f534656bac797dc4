import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isScopeName } from '../../packages/types/src/endpoint.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { peerKey } from '../contract/samples.js'
import { compileDatagrams } from './datagrams.js'
import { makePair } from './pair.js'
import { inTerminal, type Program, start, temporaryFolder, WGCTRL, wgctrl } from './program.js'
import { withSeed } from './seed.js'
import { serviceManager } from './service-manager.js'
import { runOurs } from './wg.js'

const PEERS = 60

/** What a terminal, a shell, a format of text or a line of a file would take for more than a character. */
const PIECES = [
  ...['\x1b[2J', '\x1b]0;x\x07', '\x9b31m', '\x07', '\x08', '\r', '\x7f', '\x0e', '\x00', '\x85'],
  ...['\u202e', '\u2066', '\u200b', '\u2028', '\ufeff', '\u00ad', '\u061c', '\u{e0041}', '\ufe0f'],
  ...[
    '"',
    "'",
    '`',
    '\\',
    '\\n',
    '%s',
    '%',
    '$(id>ran)',
    '$HOME',
    '{1,2}',
    '*',
    '~',
    '|',
    ';id>ran;',
  ],
  ...['{', '}', '=', ',', '#', ']', '<', '&', '日本', 'ü', '😀'],
]

const texts = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join('').replaceAll('\n', ''))

const scopes = fc
  .tuple(fc.constantFrom(...PIECES), fc.constantFrom(...PIECES))
  .map((parts) => parts.join(''))
  .filter((text) => text.length < 15)

const seed = withSeed()
const scopeOf = fc.sample(scopes.filter(isScopeName), { ...seed, numRuns: PEERS })
const badScopes = fc.sample(
  scopes.filter((text) => !isScopeName(text)),
  { ...seed, numRuns: 4 },
)
const nameOf = fc.sample(texts, { ...seed, numRuns: PEERS })
const sockets = '/var/run/wireguard'

let daemon: Server
/** Has an endpoint that is none, another each time. */
let hostile: Server
let folder: string
let names: string

beforeAll(async () => {
  await isolate()
  await mkdir(sockets, { recursive: true })
  folder = await temporaryFolder()
  // A peer whose counters move is told of by `watch`.
  daemon = await listen(`${sockets}/wg0.sock`, (count) => reply(scopeOf, count))
  hostile = await listen(`${sockets}/wgbad.away`, (count) =>
    reply([badScopes[count % badScopes.length] ?? ''], count),
  )
  names = join(folder, 'wg0.conf')
  const sections = nameOf.map(
    (name, n) =>
      `[Peer]\n# Name = ${name}\nPublicKey = ${peerKey(n)}\nAllowedIPs = 10.0.${n}.0/24\n`,
  )
  await writeFile(names, `[Interface]\n${sections.join('')}`, { mode: 0o600 })
})

afterAll(() => {
  for (const server of [daemon, hostile]) server.close()
})

async function listen(path: string, answer: (count: number) => string): Promise<Server> {
  let count = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.end(answer(++count)))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  await chmod(path, 0o600)
  return server
}

function reply(scopes: readonly string[], received: number): string {
  const peers = scopes.map((scope, n) => {
    const key = Buffer.from(peerKey(n), 'base64').toString('hex')
    return `public_key=${key}\nendpoint=[fe80::1%${scope}]:7\nrx_bytes=${received}\n`
  })
  return `listen_port=5\n${peers.join('')}errno=0\n\n`
}

/** Our own colours, places of the cursor, screens. */
const ESCAPE = '\x1b'
const OURS = new RegExp(`${ESCAPE}\\[(?:\\?1049[hl]|\\?25[hl]|\\?7[hl]|H|K|J|[\\d;]*m)`, 'g')

/** Written out once more: what no output may hold, but for ends of lines and tabs. */
function expectTame(text: string): void {
  const rest = text.replace(/\r+\n/g, '\n')
  const bad = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
  const found = [...rest].filter((char) => bad.test(char) && char !== '\n' && char !== '\t')
  expect(JSON.stringify([...new Set(found)]), JSON.stringify(text.slice(0, 3000))).toBe('[]')
}

/** All that it says until it was said so often, and then behind SIGTERM. */
async function until(program: Program, what: RegExp): Promise<string> {
  await program.says(what)
  program.kill('SIGTERM')
  expect(await program.status()).toBe(0)
  return program.out + program.err
}

describe('texts of others do nothing', () => {
  it.each([
    ['show wg0'],
    ['show'],
    ['show all dump'],
    ['show wg0 endpoints'],
    ['showconf wg0'],
    ['diff wg0 @names'],
  ])('in %s', async (line) => {
    const { out, err } = await wgctrl(...line.replace('@names', names).split(' '))
    expectTame(out + err)
    expect(err).toBe('')
    expect(out.length).toBeGreaterThan(PEERS * 20)
  })

  it('in columns: a line for each peer, and as many columns as always', async () => {
    for (const [field, columns] of [
      ['endpoints', 2],
      ['dump', 8],
    ] as const) {
      const { out } = await wgctrl('show', 'wg0', field)
      const lines = out.trimEnd().split('\n').slice(-PEERS)
      expect(lines.map((each) => each.split('\t').length)).toEqual(Array(PEERS).fill(columns))
    }
  })

  it('in JSON, which means what they say', async () => {
    const shown = await wgctrl('show', 'wg0', '--json')
    expectTame(shown.out)
    const { peers } = JSON.parse(shown.out)
    expect(peers.map((peer: never) => JSON.stringify(peer['endpoint']))).toEqual(
      scopeOf.map((scope) => expect.stringContaining(JSON.stringify(scope).slice(1, -1))),
    )
    const differences = await wgctrl('diff', 'wg0', names, '--json')
    expectTame(differences.out)
    JSON.parse(differences.out)
    const watch = start(['watch', 'wg0', '--json', '--interval', '0.2', '--names', names])
    const lines = await until(watch, /"peer-transfer"/)
    expectTame(lines)
    for (const each of lines.trimEnd().split('\n')) JSON.parse(each)
  })

  it('in lines of watch, and in its table on a terminal', async () => {
    const watch = start(['watch', 'wg0', '--interval', '0.2', '--names', names])
    expectTame(await until(watch, /received \d+ B/))
    const command = `${process.execPath} ${WGCTRL} watch wg0 --interval 0.2 --names ${names}`
    const terminal = inTerminal(command, { columns: 200, rows: PEERS + 10 })
    await terminal.says(/B\/s.*B\/s.*q to quit/s)
    terminal.write('q')
    expect(await terminal.status()).toBe(0)
    expectTame(terminal.out.replaceAll(OURS, ''))
    // Nothing of theirs was a part of ours.
    expect(stripVTControlCharacters(terminal.out)).not.toContain('\x1b')
  })

  it('in what is said of handshakes, as lines and as JSON', async () => {
    await using pair = await makePair()
    const keys = nameOf.slice(0, 12).map(() => generatePrivateKey())
    const sections = keys.map(
      (key, n) => `[Peer]\n# Name = ${nameOf[n]}\nPublicKey = ${publicKey(key)}\n`,
    )
    const file = join(folder, 'callers.conf')
    await writeFile(file, sections.join(''), { mode: 0o600 })
    for (const format of [[], ['--json']]) {
      const words = [
        'handshakes',
        pair.alice.device,
        '--names',
        file,
        '--names',
        `${folder}/x\x1b[2J`,
      ]
      const service = start([...words, ...format])
      for (const privateKey of keys) {
        while (!service.out.includes(publicKey(privateKey))) {
          await pair.callAs(privateKey)
          await sleep(200)
        }
      }
      service.kill('SIGTERM')
      expect(await service.status()).toBe(0)
      expectTame(service.out + service.err)
      expect(service.err).toContain('\ufffd[2J')
      if (format.length > 0) for (const line of service.out.trimEnd().split('\n')) JSON.parse(line)
    }
  })

  it('in the page of metrics, whose labels mean what they say, and in what a service manager is told', async () => {
    await compileDatagrams()
    const { receiver, env } = await serviceManager()
    const words = ['metrics', '--listen', '127.0.0.1:0', '--remote-labels', '--names', names]
    const exporter = start([...words, `${folder}/x\x1b[2J.conf`], env)
    const [, url = ''] = await exporter.says(/(http:\S+\/metrics)/, 'err')
    const page = await (await fetch(url)).text()
    expectTame(page)
    const samples = page.split('\n').filter((line) => line.startsWith('wireguard_received'))
    expect(samples).toHaveLength(PEERS)
    for (const sample of samples) expect(sample).toMatch(SAMPLE)
    exporter.kill('SIGHUP')
    await (await fetch(url)).text()
    exporter.kill('SIGTERM')
    expect(await exporter.status()).toBe(0)
    expectTame(exporter.err)
    await receiver.says(/STOPPING=1/)
    expectTame(receiver.out)
  })

  it('in what is said of a device that answers with them', async () => {
    const path = `${sockets}/wgbad.sock`
    await rename(`${sockets}/wgbad.away`, path)
    try {
      for (const [n, _] of badScopes.entries()) {
        const words =
          [
            ['show', 'wgbad'],
            ['diff', 'wgbad', names],
            ['watch', 'wgbad'],
          ][n % 3] ?? []
        const { status, out, err } = await wgctrl(...words)
        expect(status).toBeGreaterThan(0)
        expectTame(out + err)
      }
      expectTame((await wgctrl('doctor')).out)
    } finally {
      await rename(path, `${sockets}/wgbad.away`)
    }
  })

  it('in what is said of a file that is wrong, or called so', async () => {
    const path = join(folder, 'bad.conf')
    const run = (...words: string[]) => runOurs(words, {}, 'wgctrl')
    for (const text of nameOf.slice(0, 15)) {
      const lines = [`${text} = 1`, `PostUp ${text}`, `[${text}]`, `Address = ${text}`]
      await writeFile(path, `[Interface]\n${lines.join('\n')}\n`, { mode: 0o600 })
      for (const words of [['up'], ['strip'], ['diff', 'wg0'], ['setconf', 'wg0']]) {
        const { status, err } = await run(...words, path)
        expect(status).toBeGreaterThan(0)
        expectTame(err)
      }
      for (const words of [['show', text], ['up', `./${text}`], [text], ['show', 'wg0', text]]) {
        const { out, err } = await run(...words)
        expectTame(out + err)
      }
    }
    const [text = ''] = nameOf.filter((each) => !each.includes('\0'))
    for (const words of [['show', text], ['up', `./${text}`], [text]]) {
      const { out, err } = await wgctrl(...words)
      expectTame(out + err)
    }
  })
})

/** @source prometheus.io/docs, text-based format: in a label's value `\\`, `"` and the end of a line are escaped */
const SAMPLE = /^wireguard_received_bytes_total\{(?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)+\} \d+$/
