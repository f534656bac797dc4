import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseConfig, readConfigFile, toInterfaceConfig } from 'wgctrl'
import { runHook as runHookOn } from '../../packages/wireguard/src/interface/hooks.js'
import type {
  Hook,
  HookContext,
  InterfaceConfig,
} from '../../packages/wireguard/src/interface/index.js'
import { ProgramError, StepError } from '../../packages/wireguard/src/interface/index.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { cases } from './cases.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours, WgQuick } from './sides.js'

const runHook = (hook: Hook, context: HookContext): Promise<void> =>
  runHookOn(hook, context, thisMachine)

const kind = await chosenBackend()
const plain: InterfaceConfig = { name: 'wg0', ...cases['one address, one peer'] }

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-hooks-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

const textOf = (name: string): Promise<string> =>
  readFile(join(folder, name), 'latin1').catch(() => '')

/** A hook's line that writes into a file of the test. */
const into = (name: string): string => `>>${join(folder, name)}`

async function filled(name: string): Promise<string> {
  for (;;) {
    const text = await textOf(name)
    if (text.endsWith('\n')) return text
    await sleep(10)
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a hook line', () => {
  const context = { name: 'wg0' }
  const failing = (line: string): Promise<unknown> =>
    runHook(line, context).then(
      () => expect.unreachable(`${line} succeeded`),
      (error: unknown) => error,
    )

  it('says with what status it ended, and what it complained of', async () => {
    const error = await failing('echo one >&2; echo two >/dev/stderr; exit 7')
    expect(error).toBeInstanceOf(ProgramError)
    expect(error).toMatchObject({ status: 7, stderr: 'one\ntwo\n', code: 'EIO' })
    expect(await failing('kill -9 $$')).toMatchObject({ status: 137, stderr: '' })
  })

  it('knows the interface, and its file where that is known', async () => {
    const line = `echo "%i $INTERFACE [$CONFIG_FILE]" ${into('log')}`
    await runHook(line, context)
    await runHook(line, { ...context, configFile: '/etc/wireguard/wg0.conf' })
    expect(await textOf('log')).toBe('wg0 wg0 []\nwg0 wg0 [/etc/wireguard/wg0.conf]\n')
  })

  it('reaches the shell byte by byte, also where it is no UTF-8', async () => {
    const file = join(folder, 'wg0.conf')
    const lines = [
      `PostUp = echo 'caf\xe9 \\ "a" $x' ${into('log')}`,
      `PostUp = echo "it's \xff%i" ${into('log')}`,
    ]
    await writeFile(file, `[Interface]\n${lines.join('\n')}\n`, { encoding: 'latin1', mode: 0o600 })
    const { hooks } = toInterfaceConfig(await readConfigFile(file), 'wg0')
    for (const hook of hooks?.postUp ?? []) await runHook(hook, context)
    expect(await textOf('log')).toBe('caf\xe9 \\ "a" $x\nit\'s \xffwg0\n')
    const utf8 = parseConfig(`[Interface]\nPostUp = echo é ${into('utf8')}\n`).interface.postUp
    for (const hook of utf8) await runHook(hook, context)
    expect(await textOf('utf8')).toBe('\xc3\xa9\n')
  })

  it('does not wait for what it leaves running, whose complaints go on', async () => {
    const child = `(while [ ! -e ${folder}/go ]; do sleep 0.02; done; echo late >&2; echo done ${into('log')}) & echo $! ${into('pid')}`
    await runHook(child, context)
    expect(isAlive(Number(await filled('pid')))).toBe(true)
    await writeFile(join(folder, 'go'), '')
    expect(await filled('log')).toBe('done\n')
  })

  it.each([
    ['a child', 'sleep 600 & echo $! FILE; wait'],
    ['a child of a child', '(sleep 600 & echo $! FILE; wait); true'],
    [
      'one that does not hear',
      `trap '' TERM HUP INT; echo $BASHPID FILE; while :; do sleep 0.1; done`,
    ],
    ['one that was stopped', 'echo $BASHPID FILE; kill -STOP $$'],
  ])('is ended with all it started when the call is aborted: %s', async (_, line) => {
    const controller = new AbortController()
    const { signal } = controller
    const run = runHook(line.replace('FILE', into('pid')), { ...context, signal })
    const ended = run.catch((error: unknown) => error)
    const pid = Number(await filled('pid'))
    expect(isAlive(pid)).toBe(true)
    controller.abort('enough')
    expect(await ended).toMatchObject({ name: 'AbortError', cause: 'enough' })
    // What was killed is still there until it has run its last, and until somebody has taken note.
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false))
  })

  it('does not run when the call was aborted before', async () => {
    const signal = AbortSignal.abort()
    const run = runHook(`echo ran ${into('log')}`, { ...context, signal })
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    expect(await textOf('log')).toBe('')
  })
})

describe(`hook lines beside wg-quick(8), on devices of kind ${kind}`, () => {
  it.each([
    ['false; echo x', false],
    ['false | cat', false],
    ['true | false | true', false],
    ['if false; then echo x; fi', true],
    ['false || true', true],
    ['false && true; true', true],
    ['! true; true', true],
    ['x=$(false); true', false],
    ['[[ eth0 == @(eth|wg)+([0-9]) ]]', true],
    ['case %i in !(wg*)) exit 3;; esac', true],
    ['[[ $INTERFACE == wg0 ]]', true],
    ['[[ -r $CONFIG_FILE ]] && grep -q Address "$CONFIG_FILE"', true],
    [
      'ip link show %i >/dev/null; ip link show none0 2>/dev/null; ip link show %i >/dev/null',
      false,
    ],
    ['exit 0; false', true],
    ['(exit 3)', false],
    ['false & wait $!', false],
    ['unset nothing; echo $nothing >/dev/null', true],
  ])('%s', async (line, succeeds) => {
    await using namespace = await TestNamespace.create('wgctrl-hooks')
    await using theirs = await WgQuick.in(namespace)
    await using ours = await Ours.in(namespace, kind)
    const config = { ...plain, hooks: { postUp: [line] } }
    const configFile = join(folder, 'wg0.conf')
    await writeFile(configFile, '[Interface]\nAddress = 10.0.0.1\n')
    const results = []
    for (const up of [
      () => theirs.up(config),
      () => ours.bringUp(config, { hooks: 'shell', configFile }),
    ]) {
      const result = await up().then(
        () => true,
        () => false,
      )
      const isThere = (await namespace.ip('link')).includes('wg0')
      results.push([result, isThere])
      if (isThere) await ours.bringDown('wg0')
    }
    expect(results).toEqual([
      [succeeds, succeeds],
      [succeeds, succeeds],
    ])
  })

  it('of which half fails: the error has the words of who failed, and nothing is left', async () => {
    await using namespace = await TestNamespace.create('wgctrl-hooks')
    await using ours = await Ours.in(namespace, kind)
    const line = 'echo no such chain >&2; exit 4'
    const error = await ours
      .bringUp({ ...plain, hooks: { postUp: [line] } }, { hooks: 'shell' })
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StepError)
    expect(error).toMatchObject({
      step: `run PostUp: ${line}`,
      status: 4,
      stderr: 'no such chain\n',
    })
    expect((error as Error).message).toContain('and said: no such chain')
    expect(await namespace.ip('link')).not.toContain('wg0')
  })
})
