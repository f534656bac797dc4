import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate, readSpecFile } from '@wgctrl/ynl'
import { afterAll, describe, expect, it } from 'vitest'
import { kernelSpecs, sources, specFiles } from '../kernel/specs.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'wgctrl-generated-'))

symlinkSync(join(root, 'test/node_modules'), join(folder, 'node_modules'))

afterAll(() => rmSync(folder, { recursive: true }))

it.each(sources)(
  'what is made of all specs of %s compiles as strictly as our own code',
  async (kernel) => {
    const specs = specFiles(await kernelSpecs(kernel))
    expect(specs.length).toBeGreaterThan(15)
    for (const path of specs) {
      const module = generate(await readSpecFile(path), basename(path))
      writeFileSync(join(folder, `${kernel}-${basename(path, '.yaml')}.ts`), module)
    }
    const settings = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        typeRoots: [join(root, 'node_modules/@types')],
        isolatedDeclarations: true,
        // It finds the packages as a user's does, by their declarations: our sources are not held to this.
        paths: {},
      },
      include: [`${kernel}-*.ts`],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    const tsc = join(root, 'node_modules/typescript-native/bin/tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], {
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  },
)

describe('wgctrl-ynl', () => {
  const program = join(root, 'packages/ynl/dist/bin.js')
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
      encoding: 'utf8',
      cwd: folder,
    })
    return { status, stdout, stderr }
  }

  it('writes a module for each spec into a folder, or one to standard output', async () => {
    const files = specFiles(await kernelSpecs('newest'))
    const [nlctrl, team] = ['nlctrl', 'team'].map(
      (name) => files.find((path) => basename(path) === `${name}.yaml`) as string,
    ) as [string, string]
    expect(run('--out', 'made/here', nlctrl, team)).toEqual({ status: 0, stdout: '', stderr: '' })
    const made = generate(await readSpecFile(team), 'team.yaml')
    expect(readFileSync(join(folder, 'made/here/team.ts'), 'utf8')).toBe(made)
    expect(readdirSync(join(folder, 'made/here')).sort()).toEqual(['nlctrl.ts', 'team.ts'])
    expect(run(team)).toEqual({ status: 0, stdout: made, stderr: '' })
  })

  it('says what is wrong with a spec, or with its words', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'name: bad\nprotocol: smoke\n')
    expect(run('bad.yaml')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^wgctrl-ynl: bad\.yaml:2:11: protocol: must be one of /),
    })
    expect(run('missing.yaml')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ENOENT/),
    })
    expect(run()).toMatchObject({ status: 2, stderr: expect.stringMatching(/^usage: wgctrl-ynl/) })
    expect(run('--put', 'x')).toMatchObject({ status: 2, stderr: expect.stringMatching(/--put/) })
    expect(run('a.yaml', 'b.yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/several specs need --out/),
    })
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^usage: wgctrl-ynl/),
      stderr: '',
    })
  })
})
