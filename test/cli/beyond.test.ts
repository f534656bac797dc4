import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../packages/cli/src/main.js'
import { fakeIo } from '../../packages/cli/src/testing.fixture.js'
import { Bench } from '../contract/bench.js'
import { wireguardGo } from '../contract/harnesses/wireguard-go.js'
import { freePort } from '../contract/ports.js'
import { keyPair, peerKey, secret } from '../contract/samples.js'
import { makeKeyFiles } from './key-files.js'
import { type Outcome, runOurs, runWg, yearOfWg } from './wg.js'

const done = { status: 0, out: '', err: '' }

/** What wg(8) of 2021 does not know, or that we do otherwise: nothing on this machine judges it. */
describe('beyond wg(8) of 2021', () => {
  const bench = new Bench(wireguardGo)
  let files: Awaited<ReturnType<typeof makeKeyFiles>>
  beforeAll(async () => {
    await bench.setup()
    files = await makeKeyFiles()
  })
  afterAll(async () => {
    await files.remove()
    await bench.teardown()
  })

  const networksOf = async (name: string): Promise<Record<string, string[]>> => {
    const { peers } = await bench.read(name)
    return Object.fromEntries(peers.map(({ publicKey, allowedIPs }) => [publicKey, allowedIPs]))
  }
  const linesOf = (text: string): string[] => text.split('\n').sort()
  const [one, two] = [peerKey(1), peerKey(2)]

  const write = async (text: string): Promise<string> => {
    const path = join(files.directory, 'device.conf')
    await writeFile(path, text)
    return path
  }

  it('set adds and takes away single networks', async () => {
    const peers = [
      { publicKey: one, allowedIPs: ['10.0.0.0/24', '10.1.0.0/24'] },
      { publicKey: two, allowedIPs: ['10.2.0.0/24'] },
    ]
    const name = await bench.newDevice({ peers })
    const set = (...words: string[]): Promise<Outcome> => runOurs(['set', name, ...words])
    expect(await set('peer', one, 'allowed-ips', '+10.3.0.0/24,-10.0.0.0/24,-10.9.0.0/24')).toEqual(
      done,
    )
    expect(await networksOf(name)).toEqual({
      [one]: ['10.1.0.0/24', '10.3.0.0/24'],
      [two]: ['10.2.0.0/24'],
    })
    expect(
      await set(
        'peer',
        two,
        'allowed-ips',
        '+10.1.0.0/24',
        'peer',
        one,
        'allowed-ips',
        '-10.1.0.0/24',
      ),
    ).toEqual(done)
    expect(await networksOf(name)).toEqual({
      [one]: ['10.3.0.0/24'],
      [two]: ['10.1.0.0/24', '10.2.0.0/24'],
    })
    expect(await set('peer', one, 'allowed-ips', '10.5.0.0/24')).toEqual(done)
    expect(await networksOf(name)).toMatchObject({ [one]: ['10.5.0.0/24'] })
    // It takes the network from the other peer before it gives it up.
    expect(await set('peer', one, 'allowed-ips', '+10.1.0.0/24,-10.1.0.0/24')).toEqual(done)
    expect(await networksOf(name)).toEqual({ [one]: ['10.5.0.0/24'], [two]: ['10.2.0.0/24'] })
  })

  it('set adds a network as wg(8) of 2026 does, where that of 2021 refuses to', async () => {
    const peers = [{ publicKey: one, allowedIPs: ['10.0.0.0/24'] }]
    const [mine, theirs] = [await bench.newDevice({ peers }), await bench.newDevice({ peers })]
    const words = (name: string): string[] => [
      'set',
      name,
      'peer',
      one,
      'allowed-ips',
      '+10.3.0.0/24',
    ]
    expect(await runOurs(words(mine))).toEqual(done)
    const { status, err } = await runWg(words(theirs))
    const [had, has] = [{ [one]: ['10.0.0.0/24'] }, { [one]: ['10.0.0.0/24', '10.3.0.0/24'] }]
    expect(await networksOf(mine)).toEqual(has)
    const isOld = yearOfWg === 2021
    expect(status, err).toBe(isOld ? 1 : 0)
    expect(await networksOf(theirs)).toEqual(isOld ? had : has)
  })

  it('sets an IPv4-mapped endpoint as the IPv4 address in it, and shows one that is there as it is', async () => {
    const mapped = '[::ffff:192.0.2.1]:51820'
    const name = await bench.newDevice({ peers: [{ publicKey: one }, { publicKey: two }] })
    expect(await runOurs(['set', name, 'peer', one, 'endpoint', mapped])).toEqual(done)
    expect(await runWg(['set', name, 'peer', two, 'endpoint', mapped])).toEqual(done)
    const path = await write(`[Peer]\nPublicKey = ${one}\nEndpoint = ${mapped}\n`)
    for (const words of [
      ['show', name, 'endpoints'],
      ['showconf', name],
    ]) {
      // wireguard-go lists its peers in another order at every read.
      const [ours, theirs] = [await runOurs(words), await runWg(words)].map(({ out }) =>
        linesOf(out),
      )
      expect(ours).toEqual(theirs)
      expect(ours?.filter((line) => line.includes('192.0.2.1'))).toHaveLength(2)
    }
    expect(await runOurs(['addconf', name, path])).toEqual(done)
    const { peers } = await bench.read(name)
    expect(peers.map(({ publicKey, endpoint }) => [publicKey, endpoint?.family])).toEqual(
      expect.arrayContaining([
        [one, 4],
        [two, 6],
      ]),
    )
  })

  it('files add and take away single networks', async () => {
    const name = await bench.newDevice({
      peers: [{ publicKey: one, allowedIPs: ['10.0.0.0/24', '10.1.0.0/24'] }],
    })
    const path = await write(
      `[Peer]\nPublicKey = ${one}\nAllowedIPs = +10.2.0.0/24, -10.0.0.0/24\n`,
    )
    expect(await runOurs(['addconf', name, path])).toEqual(done)
    expect(await networksOf(name)).toEqual({ [one]: ['10.1.0.0/24', '10.2.0.0/24'] })
  })

  it('syncconf clears a preshared key and a keepalive that the file lacks', async () => {
    const listenPort = await freePort()
    const peer = { publicKey: one, presharedKey: secret(1), persistentKeepalive: 5 }
    const name = await bench.newDevice({ listenPort, peers: [peer] })
    const path = await write(
      `[Interface]\nListenPort = ${listenPort}\n[Peer]\nPublicKey = ${one}\n`,
    )
    expect(await runOurs(['syncconf', name, path])).toEqual(done)
    const { presharedKey, persistentKeepalive } = await bench.readPeer(name)
    expect({ presharedKey, persistentKeepalive }).toEqual({ persistentKeepalive: 0 })
  })

  it('leaves out the own key of the device, wherever it stands', async () => {
    const own = keyPair(1)
    const name = await bench.newDevice({ privateKey: own.privateKey })
    const words = ['peer', one, 'peer', own.publicKey, 'allowed-ips', '10.0.0.0/8', 'peer', two]
    expect(await runOurs(['set', name, ...words])).toEqual(done)
    expect(await networksOf(name)).toEqual({ [one]: [], [two]: [] })
    const path = await write(
      `[Peer]\nPublicKey = ${own.publicKey}\n[Peer]\nPublicKey = ${peerKey(3)}\n`,
    )
    expect(await runOurs(['addconf', name, path])).toEqual(done)
    expect(Object.keys(await networksOf(name)).sort()).toEqual([one, two, peerKey(3)].sort())
  })

  it.each([
    ['listen-port', '70000'],
    ['listen-port', 'domain'],
    ['peer', one, 'endpoint', '127.0.0.1:70000'],
    ['peer', one, 'endpoint', '127.0.0.1:0'],
  ])('refuses what wg(8) would take for another port: %s %s', async (...words) => {
    const name = await bench.newDevice()
    const before = await bench.read(name)
    const { status, err } = await runOurs(['set', name, ...words])
    expect(status).toBe(1)
    expect(err).toContain(`\`${words.at(-1)}'`)
    expect(await bench.read(name)).toEqual(before)
  })

  it('tells all that is wrong with a file, with line and column, and changes nothing', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: one }] })
    const before = await bench.read(name)
    const path = await write(
      `[Interface]\nListenPort = x\nMTU = 5\nPrivateKey = ${secret(1).slice(1)}\n[Peer]\n`,
    )
    const { status, err } = await runOurs(['setconf', name, path])
    expect(status).toBe(1)
    const lines = err.trimEnd().split('\n')
    expect(lines.map((line) => line.replace(/,? column.*/, ''))).toEqual([
      `${path}: line 2`,
      `${path}: line 3`,
      `${path}: line 4`,
      `${path}: line 5`,
      'Configuration parsing error',
    ])
    expect(err).not.toContain(secret(1).slice(1, 20))
    expect(await bench.read(name)).toEqual(before)
  })

  it('a name in a file that nobody has makes it a bad one', async () => {
    const name = await bench.newDevice()
    const path = await write(`[Peer]\nPublicKey = ${one}\nEndpoint = no-such-host.invalid:5\n`)
    const { status, err } = await runOurs(['setconf', name, path])
    expect(status).toBe(1)
    expect(err).toMatch(/: `no-such-host\.invalid:5'\nConfiguration parsing error\n$/)
    expect(await networksOf(name)).toEqual({})
  })

  it('shows on a terminal how far a long change is', async () => {
    const name = await bench.newDevice()
    const sections = Array.from({ length: 2500 }, (_, n) => `[Peer]\nPublicKey = ${peerKey(n)}\n`)
    const path = await write(sections.join(''))
    const io = fakeIo({ isTTY: true, columns: 80 })
    expect(await main(['setconf', name, path], io)).toBe(0)
    expect(io.written.err).toContain('] 2500/2500 peers')
    expect(Object.keys(await networksOf(name))).toHaveLength(2500)
  })

  it('takes a device name for nothing else', async () => {
    for (const name of ['a/b', '../x', 'a-name-of-16-cha', '.', '..', '']) {
      for (const words of [
        ['show', name],
        ['showconf', name],
        ['set', name, 'fwmark', '1'],
      ]) {
        const { status, err } = await runOurs(words)
        expect({ status, out: /^Unable to (access|modify) interface: /.test(err) }).toEqual({
          status: 1,
          out: true,
        })
      }
    }
  })
})
