import { execFile as execFileWithCallback } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory, withCacheLock } from './cache.mjs'
import { buildInitramfs, rootModules } from './initramfs.mjs'
import { apt, findTool, note } from './requirements.mjs'

const execFile = promisify(execFileWithCallback)

/** Kernels with a WireGuard module that Debian builds for virtual machines. */
export const kernels = ['6.12', '6.1']

/** Packages that stand for the newest build of a kernel; which is which depends on the release. */
const metaPackages = ['linux-image-6.12-cloud-amd64', 'linux-image-cloud-amd64']

/**
 * A kernel to boot, from the cache or else from Debian: its package is downloaded and unpacked, not
 * installed. It stays the same until its folder in the cache is removed.
 *
 * @param {string} kernel one of {@link kernels}
 * @returns {Promise<{ release: string, vmlinuz: string, initramfs?: string, modules: string }>}
 */
export async function kernelImage(kernel) {
  if (!kernels.includes(kernel)) {
    throw new Error(`no such kernel: ${kernel}; there are ${kernels.join(' and ')}`)
  }
  if (process.arch !== 'x64') {
    const needs = 'linux-image-cloud-arm64 and qemu-system-aarch64 of package qemu-system-arm'
    throw new Error(
      `no virtual machine for ${process.arch} yet, only x64 (arm64 would take ${needs})`,
    )
  }
  const directory = join(cacheDirectory(), `kernel-${kernel}-amd64`)
  return (
    openImage(directory) ??
    (await withCacheLock(async () => openImage(directory) ?? (await makeImage(kernel, directory))))
  )
}

async function makeImage(kernel, directory) {
  if (existsSync(directory)) note(`${directory} is damaged and made anew`)
  // Under the lock the folder can only be what a killed process left.
  const work = join(cacheDirectory(), 'making')
  rmSync(work, { recursive: true, force: true })
  try {
    const image = join(work, 'image')
    mkdirSync(join(image, 'lib', 'modules'), { recursive: true })
    const source = await download(kernel, work)
    await unpack(source.file, join(work, 'unpacked'), image)
    rmSync(directory, { recursive: true, force: true })
    writeFileSync(join(image, 'manifest.json'), JSON.stringify(describe(image, source), null, 2))
    renameSync(image, directory)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const made = openImage(directory)
  if (!made) throw new Error(`${directory} does not match its own manifest`)
  return made
}

/** Downloads the newest build's package; apt checks signatures, and its SHA256 is checked here. */
async function download(kernel, work) {
  if (process.getuid?.() !== 0 || !findTool('apt-get')) {
    throw new Error(`kernel ${kernel} comes from Debian's archive: run this once as root on Debian`)
  }
  await apt(['update'])
  const name = await newestPackage(kernel)
  const version = fieldOf(await aptCache('show', '--no-all-versions', name), 'Version')
  const { sha256, size } = await published(name, version)
  note(`downloading ${name} ${version}, ${Math.round(size / 1e6)} MB`)
  const folder = join(work, 'package')
  mkdirSync(folder)
  await apt(['download', `${name}=${version}`], { cwd: folder })
  const file = join(folder, readdirSync(folder)[0])
  const actual = sha256Of(file)
  if (actual !== sha256) throw new Error(`${name}: SHA256 is ${actual}, published is ${sha256}`)
  return { file, package: name, version, sha256 }
}

async function newestPackage(kernel) {
  for (const meta of metaPackages) {
    const words = await aptCache('depends', meta).catch(() => '')
    const name = /Depends: (linux-image-\S+)/.exec(words)?.[1]
    if (name?.startsWith(`linux-image-${kernel}.`)) return name
  }
  throw new Error(
    `apt knows no cloud kernel ${kernel}: Debian 12 with its security updates has 6.1 and 6.12`,
  )
}

async function aptCache(...args) {
  const env = { ...process.env, LC_ALL: 'C' }
  return (await execFile('apt-cache', args, { env })).stdout
}

async function published(name, version) {
  const words = await aptCache('show', '--no-all-versions', `${name}=${version}`)
  const sha256 = fieldOf(words, 'SHA256')
  if (!sha256) throw new Error(`apt publishes no SHA256 of ${name} ${version}`)
  return { sha256, size: Number(fieldOf(words, 'Size')) }
}

function fieldOf(stanza, field) {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(stanza)?.[1]
}

async function unpack(file, unpacked, image) {
  await execFile('dpkg', ['-x', file, unpacked])
  const parent = ['lib/modules', 'usr/lib/modules']
    .map((path) => join(unpacked, path))
    .find((path) => existsSync(path))
  if (!parent) throw new Error(`${file} holds no modules`)
  const release = readdirSync(parent)[0]
  const modules = join(image, 'lib', 'modules', release)
  renameSync(join(parent, release), modules)
  renameSync(join(unpacked, 'boot', `vmlinuz-${release}`), join(image, 'vmlinuz'))
  await execFile(findTool('depmod'), ['-b', image, release])
  const paths = rootModules(modules)
  if (paths.length > 0) writeFileSync(join(image, 'initramfs'), buildInitramfs(modules, paths))
}

function describe(image, source) {
  const files = listFiles(image).map((path) => [path, statSync(join(image, path)).size])
  const booted = ['vmlinuz', 'initramfs'].filter((path) => existsSync(join(image, path)))
  return {
    package: source.package,
    version: source.version,
    packageSha256: source.sha256,
    release: readdirSync(join(image, 'lib', 'modules'))[0],
    sha256: Object.fromEntries(booted.map((path) => [path, sha256Of(join(image, path))])),
    sizes: Object.fromEntries(files),
  }
}

/** The image, if all of its files have the sizes, and what boots also the hashes, it was made with. */
export function openImage(directory) {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'))
    const matches =
      Object.entries(manifest.sizes).every(
        ([path, size]) => statSync(join(directory, path)).size === size,
      ) &&
      Object.entries(manifest.sha256).every(
        ([path, sha256]) => sha256Of(join(directory, path)) === sha256,
      )
    if (!matches) return undefined
    return {
      release: manifest.release,
      vmlinuz: join(directory, 'vmlinuz'),
      initramfs: manifest.sha256.initramfs && join(directory, 'initramfs'),
      modules: join(directory, 'lib', 'modules'),
    }
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error instanceof SyntaxError) {
      return undefined
    }
    throw error
  }
}

function listFiles(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
}

function sha256Of(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
