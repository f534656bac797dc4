import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commandGroups } from '../commands.js'
import { bashScript } from './bash.js'

/** What a link may be called, with what a shell would do with it as a word. */
const NAMES = [
  'x$(id>ran)',
  'y`id>ran`',
  'z;id>ran;',
  "c'd$(id>ran)",
  'e*',
  'g$HOME',
  'h\\n%s',
  'i{1,2}',
  'wg0',
]

it('names of links are no words of bash: each is offered as what stands for it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgctrl-bash-'))
  try {
    writeFileSync(join(folder, 'names'), NAMES.join(' '))
    writeFileSync(join(folder, 'script'), bashScript(commandGroups))
    const lines = [
      'wgctrl() { cat names; }',
      'source ./script',
      'COMP_WORDS=(wgctrl show "") COMP_CWORD=2',
      '_wgctrl',
      // What bash makes of the line that it would have completed.
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
      'for word in "${COMPREPLY[@]}"; do eval "printf \'%s\\n\' $word"; done',
    ]
    const out = execFileSync('bash', ['--norc', '-c', lines.join('\n')], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(out.trimEnd().split('\n')).toEqual(NAMES)
    expect(readdirSync(folder).sort()).toEqual(['names', 'script'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
