import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, realpath, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CheckedInterface } from './interface-config.js'
import type { Machine, Place, Resolved } from './machine.js'
import { namespaceName } from './namespace.js'
import { runProgram } from './program.js'
import type { Undo } from './transaction.js'

/**
 * Who is told of name servers. `auto`: in a named network namespace its file `/etc/netns/NAME/resolv.conf`,
 * which `ip netns exec` puts in the place of `/etc/resolv.conf`; else systemd-resolved, without a program, where that has
 * `/etc/resolv.conf` or there is no other resolvconf; else resolvconf. `resolvectl`: systemd-resolved by that program.
 */
export type DnsChoice = 'auto' | 'resolved' | 'resolvconf' | 'resolvectl' | 'netns' | 'off'

export type DnsSettings = CheckedInterface['dns']

interface DnsTarget {
  readonly name: string
  readonly choice: DnsChoice
  readonly options: Place
  /** Of the link; absent: it is gone, or not there yet. */
  readonly index?: number | undefined
}

/** Whom it comes down to. */
type Means =
  | { readonly by: 'netns'; readonly file: string }
  | { readonly by: 'resolved'; readonly resolved: Resolved }
  | { readonly by: 'resolvconf' | 'resolvectl'; readonly program: string }
  | { readonly by: 'nobody'; readonly why: string }

const nobody = (why: string): Means => ({ by: 'nobody', why })

const OFF = 'name servers were left alone, as asked'
const MISSING = {
  absent: 'systemd-resolved does not run',
  elsewhere: 'systemd-resolved knows the links of another network namespace',
}
const NAMELESS = 'a network namespace without a name has no resolv.conf of its own'

async function meansOf({ choice, options }: DnsTarget): Promise<Means> {
  const { machine, netns, signal } = options
  if (choice === 'off') return nobody(OFF)
  if (choice === 'netns' || (choice === 'auto' && netns !== undefined)) {
    const file = namespaceFile(netns)
    return file === undefined ? nobody(NAMELESS) : { by: 'netns', file }
  }
  if (choice === 'resolved') {
    const resolved = await machine.resolved(netns, signal)
    return typeof resolved === 'string' ? nobody(MISSING[resolved]) : { by: 'resolved', resolved }
  }
  if (choice !== 'auto') {
    const program = await machine.findProgram(choice)
    return program === undefined ? nobody(`${choice} is not installed`) : { by: choice, program }
  }
  return await meansOfMachine(options)
}

async function meansOfMachine({ machine, netns, signal }: Place): Promise<Means> {
  const resolved = await machine.resolved(netns, signal).catch((error: Error) => {
    signal?.throwIfAborted()
    return error.message
  })
  const resolvconf = await findResolvconf(machine)
  if (typeof resolved !== 'string' && (resolved.isInCharge || resolvconf === undefined)) {
    return { by: 'resolved', resolved }
  }
  if (resolvconf !== undefined) return { by: 'resolvconf', program: resolvconf }
  // By a program it would take the number of the link for one of its own.
  if (resolved === 'elsewhere') return nobody(MISSING.elsewhere)
  for (const by of ['resolvconf', 'resolvectl'] as const) {
    const program = await machine.findProgram(by)
    if (program !== undefined) return { by, program }
  }
  const why =
    resolved === 'absent' ? MISSING.absent : `systemd-resolved cannot be asked: ${resolved}`
  return nobody(`${why}, and neither resolvconf nor resolvectl is installed`)
}

/** A resolvconf that keeps records: not systemd-resolved under that name. @source resolvconf(1) of systemd */
async function findResolvconf(machine: Machine): Promise<string | undefined> {
  const program = await machine.findProgram('resolvconf')
  return program === undefined || (await isResolvectl(program)) ? undefined : program
}

/** Whether a program is a symbolic link to that of systemd-resolved, which was `systemd-resolve` before. */
async function isResolvectl(program: string): Promise<boolean> {
  const file = await realpath(program).catch(() => program)
  return ['resolvectl', 'systemd-resolve'].includes(basename(file))
}

/**
 * Makes name servers count.
 *
 * @returns what takes that back, or a text that says why it cannot be done here
 */
export async function setDns(
  dns: DnsSettings,
  target: DnsTarget & { readonly index: number },
): Promise<Undo | string> {
  const means = await meansOf(target)
  if (means.by === 'nobody') return means.why
  if (means.by === 'netns') return await setNamespaceDns(dns, target.name, means.file)
  if (means.by === 'resolved') return await setResolved(means.resolved, dns, target)
  if (means.by === 'resolvconf') return await setResolvconf(means.program, dns, target)
  return await setByResolvectl(means.program, dns, target)
}

/** Why {@link setDns} would do nothing here; `undefined`: it would try. */
export async function whyNoDns(target: DnsTarget): Promise<string | undefined> {
  const means = await meansOf(target)
  return means.by === 'nobody' ? means.why : undefined
}

/** Takes back {@link setDns}, however long ago it was; nothing to take back is fine. */
export async function unsetDns(target: DnsTarget): Promise<void> {
  const { name, index, options } = target
  const means = await meansOf(target)
  if (means.by === 'netns' && (await isOurs(means.file, name))) await removeFile(means.file)
  // What systemd-resolved knows of a link goes with the link.
  if (means.by === 'resolved' && index !== undefined) await means.resolved.revertLink(index)
  if (means.by === 'resolvconf') await removeRecord(means.program, name, options)
  // It may have been told before systemd-resolved was there.
  if (means.by !== 'resolved' || !(await hasDns(target))) return
  const program = await findResolvconf(options.machine)
  if (program !== undefined) await removeRecord(program, name, options)
}

/** Whether there are name servers of an interface, also of one that is gone. */
export async function hasDns(target: DnsTarget): Promise<boolean> {
  const { name, choice, options } = target
  if (choice === 'off' || choice === 'resolved' || choice === 'resolvectl') return false
  const isOfNamespace = choice === 'netns' || (choice === 'auto' && options.netns !== undefined)
  if (!isOfNamespace) return (await listDns(name, options)) !== undefined
  const file = namespaceFile(options.netns)
  return file !== undefined && (await isOurs(file, name))
}

/** The name servers that resolvconf has for an interface; `undefined`: it knows nothing of it. */
export async function listDns(name: string, options: Place): Promise<string | undefined> {
  const resolvconf = await findResolvconf(options.machine)
  if (resolvconf === undefined) return undefined
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
  // -m 0: before all others; -x: exclusively. @source resolvconf(8) of openresolv
  const args = ['-a', record, '-m', '0', '-x']
  const remove = () => removeRecord(program, name, options)
  try {
    await runProgram(program, args, { ...options, input: resolvConf(dns) })
  } catch (error) {
    // It has stored the record, and failed to tell the others: a later `resolvconf -u` would tell them.
    await remove().catch(() => {})
    throw error
  }
  return remove
}

async function removeRecord(
  program: string,
  name: string,
  { machine, netns }: Place,
): Promise<void> {
  const record = await recordName(name, { machine })
  await runProgram(program, ['-d', record, '-f'], { machine, netns })
}

async function setResolved(
  resolved: Resolved,
  dns: DnsSettings,
  { name, index }: DnsTarget & { readonly index: number },
): Promise<Undo> {
  const revert = () => resolved.revertLink(index)
  try {
    await resolved.setLink(index, dns, name)
  } catch (error) {
    await revert().catch(() => {})
    throw error
  }
  return revert
}

async function setByResolvectl(
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

async function setNamespaceDns(
  dns: DnsSettings,
  name: string,
  file: string,
): Promise<Undo | string> {
  const text = mark(name) + resolvConf(dns)
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
  // systemd-resolved under the name of resolvconf wants the link's own name.
  if (patterns === undefined || !program || (await isResolvectl(program))) return name
  const prefix = /^([A-Za-z0-9-]+)\*$/m.exec(patterns)?.[1]
  return prefix === undefined ? name : `${prefix}.${name}`
}
