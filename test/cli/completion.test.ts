import { chmod, copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { visibleLines } from '../../packages/cli/src/visible-text.js'
import { makePair, type Pair } from './pair.js'
import { inTerminal, temporaryFolder, WGCTRL, wgctrl } from './program.js'

let pair: Pair
let folder: string

/** Under our name: says what it was called with, and asks ours for the names of devices. */
const STUB = `#!/bin/sh
if [ "$*" = "show interfaces" ]; then exec ${process.execPath} ${WGCTRL} show interfaces; fi
echo "GOT: $*."
`

/** Under our name: has one device, and keeps what it was called with. */
const NAMING_STUB = `#!/bin/sh
if [ "$*" = "show interfaces" ]; then exec cat name; fi
printf '%s\\n' "$@" > called
echo CALL''ED
`

beforeAll(async () => {
  pair = await makePair()
  folder = await temporaryFolder()
  await writeFile(join(folder, 'wgctrl'), STUB)
  await chmod(join(folder, 'wgctrl'), 0o755)
  await writeFile(join(folder, 'only-one.conf'), '')
  for (const shell of Object.keys(shells)) {
    const { status, out } = await wgctrl('completion', shell)
    expect(status).toBe(0)
    await writeFile(join(folder, `script.${shell}`), out)
  }
})

afterAll(() => pair[Symbol.asyncDispose]())

/** How to start a shell that has read nothing but our script, and what to type into it for that. */
const shells = {
  bash: { start: 'bash --norc --noprofile -i', source: 'source script.bash' },
  zsh: {
    start: 'zsh -f -i',
    source: 'autoload -U compinit; compinit -D -u; source script.zsh; setopt no_beep',
  },
  fish: { start: 'fish --no-config -i', source: 'source script.fish' },
}

/** What is typed, and what the program is called with. */
const cases = (): [string, string][] => [
  ['wgctrl doc\t', 'doctor'],
  ['wgctrl doctor --js\t', 'doctor --json'],
  [`wgctrl diff wgbo\tonly\t`, `diff ${pair.bob.device} only-one.conf`],
  ['wgctrl show wgali\tlatest-h\t', `show ${pair.alice.device} latest-handshakes`],
  ['wgctrl set wgali\tlisten-p\t', `set ${pair.alice.device} listen-port`],
  ['wgctrl completion fi\t', 'completion fish'],
  ['wgctrl watch --interval 1 wgbo\t', `watch --interval 1 ${pair.bob.device}`],
  ['wgctrl up --backend us\t', 'up --backend userspace'],
  ['wgctrl metrics --names only\twgbo\t', `metrics --names only-one.conf ${pair.bob.device}`],
]

describe.each(['bash', 'zsh', 'fish'] as const)('completion in %s', (name) => {
  it('completes commands, options, words, devices and files', async () => {
    const { start, source } = shells[name]
    const path = `PATH=${folder}:$PATH`
    const shell = inTerminal(`cd ${folder} && ${path} HOME=${folder} PS1='$ ' ${start}`, {
      columns: 200,
      rows: 50,
    })
    shell.write(`${source}; echo sour''ced\n`)
    await shell.says(/sourced/)
    for (const [typed, called] of cases()) {
      // A shell completes before it reads on.
      shell.write(`${typed}\n`)
      await shell.says(new RegExp(`GOT: ${called}\\s?\\.`))
    }
    shell.write('exit\n')
    expect(await shell.status()).toBe(0)
  })
})

/**
 * What a link may be called, with what a shell would do with it as a word. The real command can list no such link
 * where the kernel has no WireGuard, so its answer is a file here.
 * `ran` is a file that nobody made.
 */
const HOSTILE = [
  'x$(id>ran)',
  'y`id>ran`',
  'z;id>ran;',
  "c'd$(id>ran)",
  'q"$(id>ran)"',
  'e*',
  'g$HOME',
  'h%s\\n',
  'i{1,2}',
  '~root',
  '$(id>ran)',
  '!!',
  '#x',
  'a|id>ran',
  'b>ran',
  'n&id>ran&',
  '=id',
  '[a-z]*',
  'l\x1b[2J',
  'r\u202ebidi',
  't\x07\x7f',
]

describe.each(['bash', 'zsh', 'fish'] as const)('names in %s', (name) => {
  it('are one word each, and nothing is run', async () => {
    const { start, source } = shells[name]
    const place = await temporaryFolder()
    await writeFile(join(place, 'wgctrl'), NAMING_STUB, { mode: 0o755 })
    await copyFile(join(folder, `script.${name}`), join(place, `script.${name}`))
    const path = `PATH=${place}:$PATH`
    const shell = inTerminal(`cd ${place} && ${path} HOME=${place} PS1='$ ' ${start}`, {
      columns: 200,
      rows: 50,
    })
    shell.write(`${source}; echo sour''ced\n`)
    await shell.says(/sourced/)
    const before = new Set([...(await readdir(place)), 'name', 'called'])
    for (const hostile of HOSTILE) {
      // What a terminal would obey is not shown, and so is not completed.
      const shown = visibleLines(hostile)
      await writeFile(join(place, 'name'), `${shown}\n`)
      shell.write('wgctrl show \t\n')
      await shell.says(/CALLED/)
      shell.out = ''
      const isLeftOut = name === 'fish' && hostile.startsWith('~')
      const called = isLeftOut ? 'show\n' : `show\n${shown}\n`
      expect(await readFile(join(place, 'called'), 'utf8'), hostile).toBe(called)
    }
    const isNew = (entry: string): boolean => !before.has(entry) && !/^\.|^fish/.test(entry)
    expect((await readdir(place)).filter(isNew)).toEqual([])
    shell.write('exit\n')
    expect(await shell.status()).toBe(0)
  })
})

it('completion knows no other shell', async () => {
  const { status, err } = await wgctrl('completion', 'tcsh')
  expect(status).toBe(1)
  expect(err).toContain('expected bash, zsh or fish, got "tcsh"')
})
