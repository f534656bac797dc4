import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { commandGroups, commands } from '../../packages/cli/src/commands.js'
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

  it('has the groups, the examples and the exit statuses, as help has them', async () => {
    const texts = [await readFile(pathOf('docs/cli.md'), 'utf8'), await readFile(manual, 'utf8')]
    const [markdown = '', page = ''] = texts
    const overview = (await wgctrl('--help')).out
    const completion = (await wgctrl('completion', 'zsh')).out
    let at = 0
    for (const { title, commands: list } of commandGroups) {
      at = overview.indexOf(`\n${title}:\n`, at)
      expect(at, title).toBeGreaterThan(0)
      expect(markdown).toContain(`| ${title} | |`)
      expect(page).toContain(`.SH ${title.toUpperCase()}\n`)
      expect(completion).toContain(`'${title}' commands`)
      for (const { name } of list) expect(overview.slice(at)).toContain(`\n  ${name} `)
    }
    expect(overview).toMatch(/Exit status:\n {2}0 {4}done\n {2}1 /)
    for (const { name, examples = [], exitStatus = [] } of commands) {
      const help = (await wgctrl('help', name)).out
      for (const { command, summary } of examples) {
        expect(help).toContain(`  ${command}\n      ${summary}\n`)
        expect(markdown).toContain(`${command}   # ${summary}`)
      }
      for (const each of exitStatus) {
        expect(help).toContain(`  ${each.name}    ${each.text}\n`)
        expect(markdown).toContain(`- \`${each.name} of ${name}\`: ${each.text}`)
        expect(page).toContain(`.B ${each.name} of ${name}\n${each.text}`)
      }
      expect(help).toMatch(/Exit status:\n {2}0 {4}/)
      expect(examples.length, name).toBeGreaterThan(0)
    }
  })
})
