import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../lifecycle/command.js'
import { useStubs } from '../lifecycle/sides.js'
import { type Case, filled } from './case.js'
import { showConf } from './device.js'
import { difference, type World } from './world.js'

/** What brings a file up and down. */
export interface Program {
  up(path: string): Promise<Ended>
  down(path: string): Promise<Ended>
}

/** How a program ended. */
interface Ended {
  readonly status: number | null
  readonly err: string
}

/** What a program makes of a file. */
export interface Judgement {
  readonly up: 'done' | 'refused'
  readonly down?: 'done' | 'refused'
  /** The device as wg(8) shows it, and what is otherwise than before. */
  readonly during?: { readonly device: readonly string[]; readonly facts: readonly string[] }
  /** What is otherwise than before when all is over. */
  readonly left: readonly string[]
  /** What hooks wrote, and what resolvconf was told. */
  readonly log: readonly string[]
  /** The file at the end, where it is another one. */
  readonly saved?: readonly string[]
}

/** Brings a file up and down, and says what came of it, and what the program said. */
export async function judge(
  world: World,
  program: Program,
  { text, encoding = 'utf8', before: setUp = '', between = '', edited }: Case,
): Promise<{ judgement: Judgement; said: string }> {
  await world.reset()
  const folder = join(world.folder, 'case')
  await mkdir(folder, { mode: 0o700 })
  const [path, log] = [join(folder, 'wg0.conf'), join(folder, 'log')]
  const shell = (lines: string): Promise<string> => run('bash', '-e', '-c', lines)
  using _ = useStubs(log)
  try {
    await shell(setUp)
    await writeFile(path, filled(text), { mode: 0o600, encoding })
    const before = await world.facts()
    const up = await program.up(path)
    let said = up.err
    let during: Judgement['during']
    let down: Judgement['down']
    if (up.status === 0) {
      await shell(between)
      const device = await showConf('wg0', isChosen(text))
      during = { device, facts: difference(before, await world.facts()) }
      if (edited !== undefined) await writeFile(path, filled(edited))
      const ended = await program.down(path)
      down = ended.status === 0 ? 'done' : 'refused'
      said += ended.err
    }
    const left = difference(before, await world.facts())
    const written = await readFile(path, encoding)
    const isOther = written !== filled(edited ?? text)
    const lines = (await readFile(log, 'latin1').catch(() => '')).split('\n')
    const judgement = {
      up: up.status === 0 ? ('done' as const) : ('refused' as const),
      ...(down && { down }),
      ...(during && { during }),
      left,
      log: lines.filter((line) => line !== ''),
      ...(isOther && { saved: settingsOf(written, text + between) }),
    }
    return { judgement, said }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Whether the port is of the file's choice: wg(8) takes it modulo 65536, and 0 is any. */
const isChosen = (text: string): boolean =>
  Number(/^\s*ListenPort\s*=\s*(\d+)/im.exec(text)?.[1] ?? 0) % 65536 > 0

/**
 * What a file says, without its comments and in an order of its own.
 *
 * @param given where its port is, unless it is one of the system's choice
 */
function settingsOf(text: string, given: string): string[] {
  const sections = text.split(/^(?=\[)/m).map((section) =>
    section
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .flatMap(singly)
      .map((line) => line.replace(/^(SaveConfig = )TRUE$/, '$1true'))
      .filter((line) => !line.startsWith('ListenPort = ') || given.includes(line.slice(13)))
      .sort()
      .join('\n'),
  )
  return sections.filter((section) => section !== '').sort()
}

/** One line for each value of a list. */
function singly(line: string): string[] {
  const [, key, values] = /^(Address|DNS|AllowedIPs)\s*=\s*(.*)$/.exec(line) ?? []
  if (!values) return [line]
  return values
    .split(/\s*,\s*/)
    .sort()
    .map((value) => `${key} = ${value}`)
}
