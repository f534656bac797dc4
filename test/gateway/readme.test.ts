import { execFileSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parseConfig } from 'wgctrl'
import { Program, WGCTRL } from '../cli/program.js'
import { ip } from '../contract/harnesses/isolation.js'
import { eventually } from '../events/hearing.js'
import { type Client, PORT, Stage } from '../events/stage.js'
import { answered, blockOf } from './gate.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

let stage: Stage
let folder: string
let env: { readonly PATH: string }

/** The commands of a document that begin a gateway: what installs it, what makes its folder, what starts it. */
async function commandsOf(document: string): Promise<string[]> {
  const text = await readFile(join(root, document), 'utf8')
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '')
  const block = blocks.find((each) => each.includes('wgctrl gateway --config gateway/'))
  return (block ?? '').trim().split('\n')
}

/** What npm would have put there: the program, and the package with its example. */
async function install(): Promise<void> {
  const [bin, global] = [join(folder, 'bin'), join(folder, 'global')]
  await mkdir(bin)
  await mkdir(join(global, '@wgctrl'), { recursive: true })
  const example = join(global, '@wgctrl/gateway/example')
  await cp(join(root, 'packages/gateway/example'), example, { recursive: true })
  execFileSync('chmod', ['-R', 'go-w', example])
  const scripts = {
    wgctrl: `exec ${process.execPath} ${WGCTRL} "$@"`,
    npm: `[ "$1" != root ] || echo ${global}`,
  }
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  env = { PATH: [bin, process.env['PATH']].join(delimiter) }
}

beforeEach(async () => {
  stage = await Stage.open('wg0')
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-readme-'))
  await install()
})

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

it.each(['README.md', 'docs/gateway.md'])(
  'the third command of %s lets in the client of the file that stands below it',
  async (document) => {
    const [first, second, third] = (await commandsOf(document)) as [string, string, string]
    expect(first).toBe('npm install --global @wgctrl/cli @wgctrl/gateway')
    const options = { cwd: folder, env: { ...process.env, ...env } }
    for (const command of [first, second]) execFileSync('sh', ['-c', command], options)
    // The device that the stage made is in the place of the gateway's own.
    await stage.backend.delete?.('wg0')
    const gateway = new Program('sh', ['-c', `cd ${folder} && exec ${third}`], env)
    await gateway.says(/info interface message="brought up wg0/)
    const file = parseConfig(await readFile(join(folder, 'gateway/wg0.conf'), 'utf8'))
    const { privateKey } = file.interface
    // The first has the address of the example's gateway.
    const [, alice] = (await stage.addClients(2)) as [Client, Client]
    await alice.backend.configure(alice.device, {
      peers: [
        { publicKey: publicKey(stage.privateKey), remove: true },
        {
          publicKey: publicKey(privateKey ?? ''),
          endpoint: `10.9.${alice.index}.1:${PORT}`,
          allowedIPs: ['10.8.0.0/16'],
        },
      ],
    })
    await ip('address', 'add', '10.8.255.1/16', 'dev', 'wg0')
    const path = join(folder, 'gateway/clients/alice.conf')
    await writeFile(path, blockOf(alice), { mode: 0o600 })
    await answered(alice)
    await vi.waitFor(
      async () => expect(await stage.present()).toEqual([alice.publicKey]),
      eventually,
    )
    gateway.kill('SIGTERM')
    expect(await gateway.status()).toBe(0)
  },
)
