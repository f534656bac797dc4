// node --test test/kernel: downloads a kernel twice, as root on Debian.
import assert from 'node:assert/strict'
import { execFile as execFileWithCallback } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'

const execFile = promisify(execFileWithCallback)
const scratch = mkdtempSync(join(tmpdir(), 'wgctrl-image-test-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

/** Asks for the image in a process of its own; standard error tells what was done for it. */
async function ask(kernel, cache, env = {}) {
  const url = new URL('image.mjs', import.meta.url).href
  const script = `import { kernelImage } from '${url}'
    process.stdout.write(JSON.stringify(await kernelImage('${kernel}')))`
  const { stdout, stderr } = await execFile(
    process.execPath,
    ['--input-type=module', '-e', script],
    { env: { ...process.env, ...env, WGCTRL_CACHE: cache } },
  )
  return { image: JSON.parse(stdout), stderr }
}

describe('the cache of kernels', () => {
  const cache = join(scratch, 'shared')

  it('is filled once by two processes that need the same kernel', async () => {
    const [one, other] = await Promise.all([ask('6.1', cache), ask('6.1', cache)])
    assert.deepEqual(one.image, other.image)
    assert.match(one.image.release, /^6\.1\..*-cloud-amd64$/)
    assert.equal(`${one.stderr}${other.stderr}`.match(/downloading/g).length, 1)
    assert.deepEqual(readdirSync(cache).sort(), ['kernel-6.1-amd64', 'lock'])
  })

  it('is made anew when it is damaged, and not touched when it is not', async () => {
    const { image, stderr } = await ask('6.1', cache)
    assert.equal(stderr, '')
    const whole = readFileSync(image.vmlinuz)
    const altered = Buffer.from(whole)
    altered[4096] ^= 1
    const damages = [
      () => appendFileSync(image.initramfs, 'x'),
      () => writeFileSync(image.vmlinuz, altered),
      () => truncateSync(join(image.modules, image.release, 'modules.dep')),
      () => rmSync(join(image.modules, image.release, 'kernel/drivers/net/wireguard/wireguard.ko')),
      () => truncateSync(join(cache, 'kernel-6.1-amd64/manifest.json'), 100),
    ]
    const { openImage } = await import('./image.mjs')
    for (const damage of damages) {
      const copy = join(cache, 'kernel-6.1-amd64')
      await execFile('cp', ['-a', copy, join(scratch, 'kept')])
      damage()
      assert.equal(openImage(copy), undefined, damage.toString())
      rmSync(copy, { recursive: true })
      await execFile('mv', [join(scratch, 'kept'), copy])
      assert.deepEqual(openImage(copy), image)
    }
    damages[1]()
    mkdirSync(join(cache, 'making'))
    const again = await ask('6.1', cache)
    assert.match(again.stderr, /is damaged and made anew/)
    assert.deepEqual(readFileSync(image.vmlinuz), whole)
    assert.deepEqual(readdirSync(cache).sort(), ['kernel-6.1-amd64', 'lock'])
  })

  it('takes nothing whose SHA256 is not the published one', async () => {
    const folder = join(scratch, 'bin')
    mkdirSync(folder)
    const fake = `#!/bin/sh\ncase "$*" in *download*) echo forged >kernel.deb ;; esac\n`
    writeFileSync(join(folder, 'apt-get'), fake, { mode: 0o755 })
    const empty = join(scratch, 'empty')
    const PATH = `${folder}:${process.env.PATH}`
    await assert.rejects(ask('6.12', empty, { PATH }), /SHA256 is [0-9a-f]{64}, published is /)
    assert.deepEqual(readdirSync(empty), ['lock'])
  })
})
