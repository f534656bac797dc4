import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { findTool } from './requirements.mjs'

/** What a guest needs before it can see its root file system. */
const needed = ['virtio_pci', 'virtiofs']

/**
 * Modules to load, in order, before the root can be mounted; empty: all are built into the kernel.
 *
 * @param {string} modules folder `lib/modules/<release>`, after depmod
 * @returns {string[]} paths below `modules`
 */
export function rootModules(modules) {
  const dependencies = new Map()
  for (const line of readLines(join(modules, 'modules.dep'))) {
    const [path, rest] = line.split(':')
    dependencies.set(path, rest.split(' ').filter(Boolean))
  }
  const builtin = new Set(readLines(join(modules, 'modules.builtin')).map(moduleName))
  const ordered = new Set()
  const load = (path) => {
    for (const dependency of dependencies.get(path)) load(dependency)
    ordered.add(path)
  }
  for (const name of needed) {
    if (builtin.has(name)) continue
    const path = [...dependencies.keys()].find((path) => moduleName(path) === name)
    if (path === undefined) throw new Error(`this kernel has no module ${name}`)
    load(path)
  }
  return [...ordered]
}

/**
 * An initramfs that loads `paths` in order, mounts the host's root and starts the guest's init.
 *
 * @param {string} modules folder `lib/modules/<release>`
 * @param {string[]} paths as of {@link rootModules}
 */
export function buildInitramfs(modules, paths) {
  const names = paths.map((path) => basename(path).replace(/\.xz$/, ''))
  const order = names.map((name) => `${name}\n`).join('')
  const entries = [
    { name: 'init', mode: 0o100755, data: readFileSync(new URL('initramfs.sh', import.meta.url)) },
    ...['bin', 'modules', 'root'].map((name) => ({ name, mode: 0o040755, data: Buffer.alloc(0) })),
    { name: 'bin/busybox', mode: 0o100755, data: readFileSync(findTool('busybox')) },
    { name: 'modules/order', mode: 0o100644, data: Buffer.from(order) },
    ...paths.map((path, at) => ({
      name: `modules/${names[at]}`,
      mode: 0o100644,
      data: readModule(join(modules, path)),
    })),
  ]
  return gzipSync(archive(entries), { level: 1 })
}

/** A module as busybox can load it: not compressed. */
function readModule(path) {
  if (path.endsWith('.ko')) return readFileSync(path)
  if (path.endsWith('.xz')) return execFileSync('xz', ['-dc', path], { maxBuffer: 2 ** 27 })
  throw new Error(`no program is known that unpacks ${path}`)
}

/**
 * A cpio archive in the "newc" format: per file a header of 110 ASCII characters, the name with its
 * NUL, and the data, each padded to four bytes.
 * @source Documentation/driver-api/early-userspace/buffer-format.rst
 */
function archive(entries) {
  const trailer = { name: 'TRAILER!!!', mode: 0, data: Buffer.alloc(0) }
  const parts = [...entries, trailer].flatMap(({ name, mode, data }, index) => {
    const nameSize = Buffer.byteLength(name) + 1
    // ino, mode, uid, gid, nlink, mtime, filesize, maj, min, rmaj, rmin, namesize, chksum
    const fields = [index + 1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameSize, 0]
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
    return [pad(Buffer.from(`${header}${name}\0`)), pad(data)]
  })
  return Buffer.concat(parts)
}

function pad(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}

function moduleName(path) {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
}

function readLines(path) {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean)
}
