import { randomBytes } from 'node:crypto'
import { link, lstat, mkdir, readFile, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CheckedInterface } from './interface-config.js'
import type { Place } from './machine.js'
import { namespaceName } from './namespace.js'
import { runProgram } from './program.js'
import type { Undo } from './transaction.js'

/**
 * Who is told of name servers. `auto`: in a named network namespace its file `/etc/netns/NAME/resolv.conf`,
 * which `ip netns exec` puts in the place of `/etc/resolv.conf`; else resolvconf, else systemd-resolved.
 */
export type DnsChoice = 'auto' | 'resolvconf' | 'resolvectl' | 'netns' | 'off'

export type DnsSettings = CheckedInterface['dns']

interface DnsTarget {
  readonly name: string
  readonly choice: DnsChoice
  readonly options: Place
}

const isOfNamespace = ({ choice, options }: DnsTarget): boolean =>
  choice === 'netns' || (choice === 'auto' && options.netns !== undefined)

const OFF = 'name servers were left alone, as asked'
const NOBODY = 'neither resolvconf nor resolvectl is installed'
const NAMELESS = 'a network namespace without a name has no resolv.conf of its own'

/**
 * Makes name servers count.
 *
 * @returns what takes that back, or a text that says why it cannot be done here
 */
export async function setDns(dns: DnsSettings, target: DnsTarget): Promise<Undo | string> {
  const { choice, options } = target
  if (choice === 'off') return OFF
  if (isOfNamespace(target)) return await setNamespaceDns(dns, target)
  const resolvconf = choice !== 'resolvectl' && (await options.machine.findProgram('resolvconf'))
  if (resolvconf) return await setResolvconf(resolvconf, dns, target)
  const resolvectl = choice !== 'resolvconf' && (await options.machine.findProgram('resolvectl'))
  if (resolvectl) return await setResolved(resolvectl, dns, target)
  return NOBODY
}

/** Why {@link setDns} would do nothing here; `undefined`: it would try. */
export async function whyNoDns(target: DnsTarget): Promise<string | undefined> {
  const { choice, options } = target
  if (choice === 'off') return OFF
  if (isOfNamespace(target)) {
    return namespaceFile(options.netns) === undefined ? NAMELESS : undefined
  }
  const programs = {
    auto: ['resolvconf', 'resolvectl'],
    netns: [],
    resolvconf: ['resolvconf'],
    resolvectl: ['resolvectl'],
  }
  for (const program of programs[choice])
    if (await options.machine.findProgram(program)) return undefined
  return NOBODY
}

/** Takes back {@link setDns}, however long ago it was; nothing to take back is fine. */
export async function unsetDns(target: DnsTarget): Promise<void> {
  const { name, choice, options } = target
  if (choice === 'off') return
  if (isOfNamespace(target)) {
    if (await hasDns(target)) await removeFile(namespaceFile(options.netns) as string)
    return
  }
  const resolvconf = choice !== 'resolvectl' && (await options.machine.findProgram('resolvconf'))
  // What systemd-resolved knows of a link goes with the link.
  if (resolvconf)
    await runProgram(resolvconf, ['-d', await recordName(name, options), '-f'], options)
}

/** Whether there are name servers of an interface, also of one that is gone. */
export async function hasDns(target: DnsTarget): Promise<boolean> {
  const { name, choice, options } = target
  if (choice === 'off' || choice === 'resolvectl') return false
  if (!isOfNamespace(target)) return (await listDns(name, options)) !== undefined
  const file = namespaceFile(options.netns)
  return file !== undefined && (await isOurs(file, name))
}

/** The name servers that resolvconf has for an interface; `undefined`: it knows nothing of it. */
export async function listDns(name: string, options: Place): Promise<string | undefined> {
  const resolvconf = await options.machine.findProgram('resolvconf')
  if (!resolvconf) return undefined
  const record = await recordName(name, options)
  const { status, output } = await options.machine.tryProgram(resolvconf, ['-l', record], options)
  if (status === 0) return output.trim() === '' ? undefined : output
  // Debian's own resolvconf has no -l.
  return await options.machine.readText(join('/etc/resolvconf/run/interface', record))
}

/** The lines of resolv.conf(5). @internal */
export function resolvConf({ servers, search }: DnsSettings): string {
  const lines = servers.map((server) => `nameserver ${server}\n`)
  return lines.join('') + (search.length === 0 ? '' : `search ${search.join(' ')}\n`)
}

async function setResolvconf(
  program: string,
  dns: DnsSettings,
  { name, options }: DnsTarget,
): Promise<Undo> {
  const record = await recordName(name, options)
  const { machine, netns } = options
  // -m 0: before all others; -x: exclusively. @source resolvconf(8) of openresolv
  const args = ['-a', record, '-m', '0', '-x']
  const remove = async () =>
    void (await runProgram(program, ['-d', record, '-f'], { machine, netns }))
  try {
    await runProgram(program, args, { ...options, input: resolvConf(dns) })
  } catch (error) {
    // It has stored the record, and failed to tell the others: a later `resolvconf -u` would tell them.
    await remove().catch(() => {})
    throw error
  }
  return remove
}

async function setResolved(
  program: string,
  { servers, search }: DnsSettings,
  { name, options }: DnsTarget,
): Promise<Undo> {
  const { machine, netns } = options
  const revert = async () => void (await runProgram(program, ['revert', name], { machine, netns }))
  try {
    await runProgram(program, ['dns', name, ...servers], options)
    // `~.` sends every name to these servers. @source resolvectl(1)
    await runProgram(program, ['domain', name, '~.', ...search], options)
  } catch (error) {
    await revert().catch(() => {})
    throw error
  }
  return revert
}

/** The first line of our files, by which they are known again. */
const mark = (name: string): string => `# of the tunnel ${name}, by wgctrl\n`

async function setNamespaceDns(dns: DnsSettings, target: DnsTarget): Promise<Undo | string> {
  const file = namespaceFile(target.options.netns)
  if (file === undefined) return NAMELESS
  const text = mark(target.name) + resolvConf(dns)
  if (!(await makeFile(file, text))) return `${file} is there already`
  return () => removeFile(file)
}

/**
 * Makes a file that is never there in part, and so never in the way of the next one.
 *
 * @returns false when there is one already
 */
async function makeFile(path: string, text: string): Promise<boolean> {
  const folder = dirname(path)
  await makeFolders(folder)
  const aside = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await writeFile(aside, text, { flag: 'wx', mode: 0o644 })
    // Unlike rename(2), link(2) leaves the file that is there.
    await link(aside, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(aside).catch(() => {})
    // Goes only when it is empty.
    await rmdir(folder).catch(() => {})
  }
}

/** One after the other: of a read-only file system `mkdir` with `recursive` says that the folder above is not there. */
async function makeFolders(folder: string): Promise<void> {
  for (const each of [dirname(folder), folder]) {
    await mkdir(each).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true })
  // The directory may hold other files, of somebody else.
  await rmdir(dirname(file)).catch(() => {})
}

async function isOurs(file: string, name: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.startsWith(mark(name))
}

/** @source ip-netns(8) */
function namespaceFile(netns: Place['netns']): string | undefined {
  const name = namespaceName(netns)
  return name === undefined ? undefined : join('/etc/netns', name, 'resolv.conf')
}

/**
 * The name of our record. Debian's resolvconf orders records by patterns of names: the first kind of
 * tunnel in its list goes before the name. @source wg-quick(8)
 */
async function recordName(name: string, { machine }: Place): Promise<string> {
  const program = await machine.findProgram('resolvconf')
  const patterns = await machine.readText('/etc/resolvconf/interface-order')
  // A symbolic link is systemd-resolved under the name of resolvconf, which wants the link's own name.
  if (patterns === undefined || !program || (await lstat(program)).isSymbolicLink()) return name
  const prefix = /^([A-Za-z0-9-]+)\*$/m.exec(patterns)?.[1]
  return prefix === undefined ? name : `${prefix}.${name}`
}
