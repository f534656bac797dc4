import { execFile as execFileWithCallback } from 'node:child_process'
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
import { newerArchive, ownArchive, requireApt, sha256Of } from './archive.mjs'
import { cacheDirectory, withCacheLock } from './cache.mjs'
import { buildInitramfs, rootModules } from './initramfs.mjs'
import { findTool, note } from './requirements.mjs'

const execFile = promisify(execFileWithCallback)

/** Kernels of Debian 12 and its security updates. */
const ownKernels = ['6.12', '6.1']

/** Kernels with a WireGuard module that Debian builds for virtual machines; `newest`: the highest of backports and sid. */
const machineKernels = [...ownKernels, '6.18', 'newest']

/** The same for any machine, with the drivers that those lack: simulated radios among them. */
const FULL = /-full$/

/** All that can be booted. */
export const kernels = [...machineKernels, '6.12-full', 'newest-full']

/** What ends the name of a build. */
const flavourOf = (kernel) => (FULL.test(kernel) ? 'amd64' : 'cloud-amd64')

/** Packages that stand for the newest build of a kernel; which is which depends on the release. */
const metaPackages = (flavour) => [`linux-image-6.12-${flavour}`, `linux-image-${flavour}`]

/**
 * A kernel to boot, from the cache or else from Debian: its package is downloaded and unpacked, not
 * installed. It stays the same until its folder in the cache is removed.
 *
 * @param {string} kernel one of {@link kernels}
 * @returns {Promise<{ release: string, vmlinuz: string, initramfs?: string, modules: string }>}
 */
export async function kernelImage(kernel) {
  if (!kernels.includes(kernel)) {
    throw new Error(`no such kernel: ${kernel}; there are ${kernels.join(', ')}`)
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
  requireApt(`kernel ${kernel}`)
  // Under the lock the folder can only be what a killed process left.
  const work = join(cacheDirectory(), 'making')
  rmSync(work, { recursive: true, force: true })
  try {
    const image = join(work, 'image')
    mkdirSync(join(image, 'lib', 'modules'), { recursive: true })
    const sources = await download(kernel, work)
    await unpack(sources, join(work, 'unpacked'), image)
    rmSync(directory, { recursive: true, force: true })
    writeFileSync(join(image, 'manifest.json'), JSON.stringify(describe(image, sources), null, 2))
    renameSync(image, directory)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const made = openImage(directory)
  if (!made) throw new Error(`${directory} does not match its own manifest`)
  return made
}

async function download(kernel, work) {
  const version = kernel.replace(FULL, '')
  const flavour = flavourOf(kernel)
  const isOwn = ownKernels.includes(version)
  const archive = isOwn ? await ownArchive() : await newerArchive()
  const find = isOwn ? ownPackage : newestPackages
  const names = await find(archive, version, flavour)
  const sources = []
  for (const name of names) sources.push(await archive.download(name, join(work, name)))
  return sources
}

async function ownPackage(archive, kernel, flavour) {
  for (const meta of metaPackages(flavour)) {
    const needs = await archive.dependencies(meta)
    const name = needs.find((each) => each.startsWith(`linux-image-${kernel}.`))
    if (name) return [name]
  }
  throw new Error(
    `apt knows no kernel ${kernel} for ${flavour}: Debian 12 with its security updates has 6.1 and 6.12`,
  )
}

/** The packages of the highest release: one until 6.18, then its kernel, its modules and their index apart. */
async function newestPackages(archive, kernel, flavour) {
  const names = await archive.names(`^linux-(image|binary|modules|base)-[0-9].*-${flavour}$`)
  const releases = names.flatMap((name) => RELEASE.exec(name)?.[1] ?? [])
  const wanted = releases
    .filter((each) => each.includes('-cloud-') === flavour.startsWith('cloud-'))
    .filter((each) => kernel === 'newest' || each.startsWith(`${kernel}.`))
  const release = wanted.sort(byVersion).at(-1)
  if (!release)
    throw new Error(`apt knows no kernel ${kernel} for ${flavour} in Debian's newer suites`)
  const parts = ['binary', 'modules', 'base'].map((part) => `linux-${part}-${release}`)
  const there = parts.filter((name) => names.includes(name))
  return there.length > 0 ? there : [`linux-image-${release}`]
}

/** Only what was built for Debian itself: `7.3.4+deb13-cloud-amd64`, `7.3.4+deb13-amd64`. */
const RELEASE = /^linux-\w+-(\d+(?:\.\d+)+\+deb\d+-(?:cloud-)?amd64)$/

const { compare: byVersion } = new Intl.Collator('en', { numeric: true })

async function unpack(sources, unpacked, image) {
  for (const { file } of sources) await execFile('dpkg', ['-x', file, unpacked])
  const parent = first(
    ['lib/modules', 'usr/lib/modules'].map((path) => join(unpacked, path)),
    `${sources.map((source) => source.package).join(' and ')}: no modules`,
  )
  const release = readdirSync(parent)[0]
  const vmlinuz = first(
    [join(unpacked, 'boot', `vmlinuz-${release}`), join(parent, release, 'vmlinuz')],
    `${release}: no kernel`,
  )
  renameSync(vmlinuz, join(image, 'vmlinuz'))
  const modules = join(image, 'lib', 'modules', release)
  renameSync(join(parent, release), modules)
  await execFile(findTool('depmod'), ['-b', image, release])
  const paths = rootModules(modules)
  if (paths.length > 0) writeFileSync(join(image, 'initramfs'), buildInitramfs(modules, paths))
}

function first(paths, otherwise) {
  const path = paths.find((each) => existsSync(each))
  if (!path) throw new Error(otherwise)
  return path
}

function describe(image, sources) {
  const files = listFiles(image).map((path) => [path, statSync(join(image, path)).size])
  const booted = ['vmlinuz', 'initramfs'].filter((path) => existsSync(join(image, path)))
  return {
    packages: sources.map(({ package: name, version, sha256 }) => ({ name, version, sha256 })),
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
