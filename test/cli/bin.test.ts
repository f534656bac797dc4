import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Bench } from '../contract/bench.js'
import { wireguardGo } from '../contract/harnesses/wireguard-go.js'
import { keyPair, peerKey, secret } from '../contract/samples.js'
import { makeProgramFolder } from './built.js'
import { makeKeyFiles } from './key-files.js'
import { comparable } from './meaning.js'
import { PortPairs } from './ports.js'
import { withSeed } from './seed.js'
import { setWords } from './set-words.js'
import { isLong } from './sizes.js'
import { Twins } from './twins.js'
import { type Outcome, type RunOptions, runProgram, runWg } from './wg.js'

/** The built program, started as others start it: a sample of what wireguard-go.test.ts does in-process. */
describe('the program', () => {
  const bench = new Bench(wireguardGo)
  let programs: Awaited<ReturnType<typeof makeProgramFolder>>
  let files: Awaited<ReturnType<typeof makeKeyFiles>>
  let twins: Twins
  const names: string[] = []

  beforeAll(async () => {
    await bench.setup()
    programs = await makeProgramFolder()
    files = await makeKeyFiles()
    for (let n = 0; n < 2; n++) names.push(await bench.stage.createDevice())
    const [theirs = '', ours = ''] = names
    twins = new Twins(bench, await PortPairs.make(3), [theirs, ours], files.directory)
  })
  afterAll(async () => {
    for (const name of names) await bench.stage.removeDevice(name)
    await programs.remove()
    await files.remove()
    await bench.teardown()
  })

  /** Started by the name `wg`. */
  const runBin = (words: readonly string[], options?: RunOptions): Promise<Outcome> =>
    runProgram(join(programs.path, 'wg'), words, options)

  /** In a shell where `wg` is the machine's, or ours. */
  const inShell = (script: string, isOurs: boolean): Promise<Outcome> => {
    const start = isOurs ? `PATH=${programs.path}:$PATH; ` : ''
    return runProgram('bash', ['--norc', '-c', start + script])
  }

  it('does what wg(8) does', async () => {
    await twins.reset()
    for (const words of fc.sample(setWords(), { ...withSeed(), numRuns: isLong ? 40 : 10 })) {
      const outcomes = await twins.runWith(runWg, runBin, ['set', '@device', ...words])
      await twins.expectSame(outcomes, words)
    }
  })

  it.each([
    ['show'],
    ['show', 'interfaces'],
    ['show', 'all', 'dump'],
    ['showconf', 'no-such-device'],
    ['no-such-command'],
    ['help'],
    ['set', 'x'],
    ['genkey', 'x'],
  ])('%s %s %s', async (...words) => {
    const given = words.filter((word) => word !== undefined)
    await twins.reset()
    const [theirs, ours] = await Promise.all([runWg(given), runBin(given)])
    expect(comparable(ours)).toEqual(comparable(theirs))
  })

  it.each([
    [
      'standard input',
      (device: string) =>
        `wg pubkey <<<"$KEY" >/dev/null; wg set ${device} private-key /dev/stdin <<<"$KEY"`,
    ],
    ['a pipe', (device: string) => `echo "$KEY" | wg set ${device} private-key /dev/stdin`],
    [
      'process substitution',
      (device: string) =>
        `wg set ${device} private-key <(echo "$KEY") peer $PEER preshared-key <(echo "$PSK")`,
    ],
    [
      'a named pipe',
      (device: string) =>
        `d=$(mktemp -d); mkfifo $d/k; (echo "$KEY" >$d/k &); wg set ${device} private-key $d/k; s=$?; rm -r $d; exit $s`,
    ],
    [
      'a file from a pipe',
      (device: string) =>
        `printf '[Interface]\nPrivateKey = %s\n' "$KEY" | wg setconf ${device} /dev/stdin`,
    ],
    [
      'a file from process substitution',
      (device: string) => `wg addconf ${device} <(printf '[Peer]\nPublicKey = %s\n' "$PEER")`,
    ],
    [
      'showconf into setconf',
      (device: string) =>
        `wg set ${device} private-key <(echo "$KEY") peer $PEER; wg setconf ${device} <(wg showconf ${device} | sed s/ListenPort.*//)`,
    ],
    [
      'two keys from one standard input',
      (device: string) =>
        `wg set ${device} private-key /dev/stdin peer $PEER preshared-key /dev/stdin <<<"$KEY"`,
    ],
    [
      'an empty file',
      (device: string) =>
        `wg set ${device} private-key <(echo "$KEY"); wg set ${device} private-key /dev/stdin </dev/null`,
    ],
    [
      'an empty pipe',
      (device: string) =>
        `wg set ${device} private-key <(echo "$KEY"); wg set ${device} private-key <(true)`,
    ],
    [
      'an empty standard input',
      (device: string) =>
        `wg set ${device} private-key <(echo "$KEY"); true | wg set ${device} private-key /dev/stdin`,
    ],
  ])('takes %s', async (_, script) => {
    await twins.reset()
    const variables = `KEY=${keyPair(1).privateKey}; PEER=${peerKey(1)}; PSK=${secret(1)}; `
    const [theirs = '', ours = ''] = names
    const outcomes = await Promise.all([
      inShell(variables + script(theirs), false),
      inShell(variables + script(ours), true),
    ])
    await twins.expectSame(outcomes, [script('…')])
  })

  it.each(['022', '077', '007', '027'])(
    'warns of a file that others can read: %s',
    async (mask) => {
      for (const command of ['genkey', 'genpsk']) {
        const path = join(files.directory, `made-${mask}`)
        const script = `rm -f ${path}; umask ${mask}; wg ${command} > ${path}`
        const theirs = await inShell(script, false)
        const ours = await inShell(script, true)
        expect(ours).toEqual(theirs)
        expect(await readFile(path, 'utf8')).toMatch(/^.{43}=\n$/)
      }
    },
  )

  it('ends as one whom SIGPIPE ended when nobody reads', async () => {
    const closed = await inShell('exec 3> >(true); wait $!; wg help >&3', true)
    expect(closed).toEqual({ status: 141, out: '', err: '' })
    expect(await inShell('exec 3> >(true); wait $!; wg help >&3', false)).toEqual(closed)
  })

  it('writes all of a long output into a slow pipe', async () => {
    const peers = Array.from({ length: 3000 }, (_, n) => ({ publicKey: peerKey(n) }))
    const [, name = ''] = names
    await bench.wg.configure(name, { replacePeers: true, peers })
    const { out } = await inShell(`wg show ${name} dump | (sleep 0.3; wc -l)`, true)
    expect(out.trim()).toBe('3001')
    await twins.reset()
  })

  it('is wg(8) only by that name', async () => {
    const asWgctrl = await runProgram(join(programs.path, 'wgctrl'), [
      'show',
      'interfaces',
      '--json',
    ])
    expect(JSON.parse(asWgctrl.out)).toEqual(expect.arrayContaining(names))
    const asWg = await runBin(['show', 'interfaces', '--json'])
    expect(comparable(asWg)).toEqual(comparable(await runWg(['show', 'interfaces', '--json'])))
  })

  it('never repeats a secret', async () => {
    const bad = [
      'two-keys',
      'trailing-letter',
      'not-base64',
      'no-padding',
      'leading-space',
      'short',
    ]
    for (const name of bad) {
      const words = ['set', names[1] as string, 'private-key', join(files.directory, name)]
      const { status, err } = await runBin(words)
      expect(status).toBe(1)
      for (let at = 0; at + 8 < 44; at++) expect(err).not.toContain(secret(1).slice(at, at + 8))
    }
  })
})
