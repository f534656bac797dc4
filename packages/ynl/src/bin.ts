#!/usr/bin/env node
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { WireGuardError } from '@wgctrl/types'
import { generate } from './generate/generate.js'
import { readSpecFile } from './open-family.js'

const USAGE = `usage: wgctrl-ynl [--out FOLDER] SPEC...

Makes a module of TypeScript of each of the kernel's netlink specs (Documentation/netlink/specs/*.yaml):
types of what it describes, and a class with a method for each operation. What it makes imports
@wgctrl/ynl/runtime and @wgctrl/netlink.

  --out FOLDER   where the modules go, each with the name of its spec; made if it is missing.
                 Absent: one module, to standard output
`

main(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})

async function main(words: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    const { out, help = false } = values
    const isTooMany = out === undefined && positionals.length > 1
    if (help || positionals.length === 0 || isTooMany) {
      const stream = help ? process.stdout : process.stderr
      stream.write(isTooMany ? 'wgctrl-ynl: several specs need --out\n' : USAGE)
      return help ? 0 : 2
    }
    for (const path of positionals) await make(path, out)
    return 0
  } catch (error) {
    process.stderr.write(`wgctrl-ynl: ${(error as Error).message}\n`)
    return error instanceof WireGuardError || isSystemError(error) ? 1 : 2
  }
}

async function make(path: string, out: string | undefined): Promise<void> {
  const name = basename(path)
  const module = generate(await readSpecFile(path), name)
  if (out === undefined) {
    process.stdout.write(module)
    return
  }
  await mkdir(out, { recursive: true })
  await writeFile(join(out, `${name.replace(/\.ya?ml$/, '')}.ts`), module)
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
