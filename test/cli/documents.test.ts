import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { commands } from '../../packages/cli/src/commands.js'
import { wgctrl } from './program.js'

const execute = promisify(execFile)
const pathOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const manual = pathOf('packages/cli/man/wgctrl.1')

describe('the manual of the commands', () => {
  it('is a page that groff has nothing to say about', async () => {
    const { stdout, stderr } = await execute('groff', ['-ww', '-man', '-Tutf8', '-Kutf8', manual])
    expect(stderr).toBe('')
    for (const { name } of commands) expect(stdout).toContain(`wgctrl ${name}`)
  })

  it('has every command, option and argument, as help has them', async () => {
    const texts = [await readFile(pathOf('docs/cli.md'), 'utf8'), await readFile(manual, 'utf8')]
    const [markdown = '', page = ''] = texts
    const overview = await wgctrl('--help')
    expect(overview.status).toBe(0)
    for (const { name, options = [], arguments: list = [] } of commands) {
      expect(overview.out).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
      expect(markdown).toContain(`\n## ${name}\n`)
      const help = await wgctrl(name, '--help')
      expect(help.status).toBe(0)
      for (const { flags } of options) {
        expect(help.out).toContain(flags)
        expect(markdown).toContain(`- \`${flags}\`: `)
        expect(page).toContain(flags.replaceAll('-', '\\-'))
      }
      for (const argument of list) {
        expect(help.out).toContain(argument.name)
        expect(markdown).toContain(`- \`${argument.name}\`: `)
      }
    }
  })
})
