import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ABI, LAYOUT } from '../../packages/netlink/src/socket/abi.js'
import { arm64, run } from './run.js'

const table: Record<string, number> = { ...ABI, ...LAYOUT }

/** musl brings no headers of the kernel: those of the system stand behind its own. */
const kernelHeaders = ['-idirafter', '/usr/include', '-idirafter', '/usr/include/x86_64-linux-gnu']
const compilers: Record<string, { command: string; args: string[]; under: readonly string[] }> = {
  'x64, glibc': { command: 'x86_64-linux-gnu-gcc', args: [], under: [] },
  'x64, musl': { command: 'musl-gcc', args: ['-static', ...kernelHeaders], under: [] },
  'arm64, glibc': { command: 'aarch64-linux-gnu-gcc', args: [], under: arm64 },
}

const program = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
int main(void) {
${Object.keys(table)
  .map((name) => `  printf("%s=%lld\\n", "${name}", (long long)(${name}));`)
  .join('\n')}
}
`

describe('numbers and layouts of the C headers', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wgctrl-abi-'))
    await writeFile(join(folder, 'abi.c'), program)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each(Object.keys(compilers))('%s: they are ours', async (name) => {
    const { command, args, under } = compilers[name] as (typeof compilers)[string]
    const binary = join(folder, command)
    await run(command, ['-o', binary, join(folder, 'abi.c'), ...args])
    const [first = '', ...rest] = [...under, binary]
    const lines = (await run(first, rest)).trim().split('\n')
    const found = lines.map((line): [string, number] => {
      const at = line.lastIndexOf('=')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    })
    expect(Object.fromEntries(found)).toEqual(table)
  })
})
