import { readFileSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { docsPage } from '@wgctrl/types'
import type { DataType } from 'ffi-rs'
import { NetlinkError, syscallError } from '../errors.js'
import { ABI } from './abi.js'

/**
 * The few calls of libc that Node has no counterpart for, and `close`. This is the only file that knows ffi-rs.
 *
 * Arguments are plain integers and byte arrays alone: ffi-rs aborts the process on a struct
 * description that it does not support, so structs are laid out by hand in a `Buffer`.
 * The constants are those of Linux on x64 and arm64, where they are the same.
 */
export interface LibC {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array): void
  connect(fd: number, address: Uint8Array): void
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): void
  getsockopt(fd: number, level: number, option: number, into: Uint8Array): void
  /** Fills in the socket's own address. */
  getsockname(fd: number, into: Uint8Array): void
  /**
   * Where the memory of `bytes` is, for a struct that points to it. The caller keeps `bytes` alive
   * while the pointer is in use; take them from `Buffer.allocUnsafeSlow`, whose memory is their own.
   */
  addressOf(bytes: Buffer): bigint
  /** How many bytes came; for descriptors that `node:fs` does not know. */
  recv(fd: number, into: Uint8Array): number
  send(fd: number, bytes: Uint8Array): number
  /** The same in another thread, which may wait. The bytes must not change until it is over. */
  recvApart(fd: number, into: Uint8Array): Promise<number>
  sendApart(fd: number, bytes: Uint8Array): Promise<number>
  /** For what {@link LibC.socket} opened: in a worker thread `node:fs` takes such a descriptor for a mistake. */
  close(fd: number): void
  /**
   * Fills as many of `count` headers as there are datagrams, in a thread of libuv's pool: recvmmsg(2), without flags.
   * What the headers point to belongs to it until it settles.
   */
  receiveMany(fd: number, headers: Buffer, count: number): Promise<number>
  /** Moves the calling thread into the namespace that `fd` is open on. */
  setns(fd: number, type: number): void
  /** An advisory lock, which the kernel lets go when nobody has the file open that way any more: flock(2). */
  flock(fd: number, operation: number): void
}

type Argument = number | Uint8Array

const LIBRARY = 'wgctrl-libc'

let loaded: Promise<LibC> | undefined

/**
 * Loads libc through ffi-rs; once per thread, and only when a socket is wanted, so that importing
 * this package works on every system.
 *
 * @throws {NetlinkError} EUNSUPPORTED on another system than Linux on x64 or arm64, or where ffi-rs
 * has no binary
 */
export function loadLibC(): Promise<LibC> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<LibC> {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw unavailable(`netlink needs Linux on x64 or arm64, this is ${process.platform}`)
  }
  const loaded = loadedFiles()
  const isMusl = MUSL.test(loaded)
  const ffi = await withoutReport(isMusl, importFfi)
  // The addon is among them now.
  if (!isFirstThread() && !isMainThread) keepAddon(loadedFiles())
  ffi.open({ library: LIBRARY, path: libcName(loaded) })
  return bindCalls(ffi)
}

/** The loader of musl, which is its libc. */
const MUSL = /\/ld-musl-([a-z0-9_]+)\.so/

/**
 * Whether this is certainly no worker, asked of the system: `node:worker_threads` takes as long to load as the addon.
 *
 * @source proc(5): /proc/thread-self links to PROCESS/task/THREAD
 */
function isFirstThread(): boolean {
  try {
    const [process, , thread] = readlinkSync('/proc/thread-self').split('/')
    return process === thread
  } catch {
    return false
  }
}

/** What Node tells of a process: `process.report`, as far as it is used here. */
interface Reports {
  excludeNetwork?: boolean
  getReport(error?: Error): object
}

/**
 * Answers ffi-rs, which asks for a report of Node to tell glibc from musl, without one being made: that would take
 * as long as everything else here. What is asked for meanwhile by anybody else is made, without the network: Node
 * would look up the name of the other end of each socket that the process has, on the event loop, ten seconds
 * each where no name server answers.
 *
 * @source ffi-rs, index.js, isMusl; Node, src/node_report.cc
 */
async function withoutReport<T>(isMusl: boolean, body: () => Promise<T>): Promise<T> {
  // Not every runtime that Node's programs run on has reports.
  const report = process.report as Reports | undefined
  if (report?.getReport === undefined || report.excludeNetwork === undefined) return await body()
  const { excludeNetwork, getReport } = report
  const header = isMusl ? {} : { glibcVersionRuntime: 'glibc' }
  report.excludeNetwork = true
  report.getReport = (error) =>
    new Error().stack?.includes('isMusl') ? { header } : getReport.call(report, error)
  try {
    return await body()
  } finally {
    report.getReport = getReport
    report.excludeNetwork = excludeNetwork
  }
}

/** What the process has loaded: lines that end with the path of a file (proc(5)). */
function loadedFiles(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8')
  } catch {
    return sharedObjects()
  }
}

/** Without /proc, as in a chroot: the dynamic linker knows as well. */
function sharedObjects(): string {
  const report = process.report as Reports | undefined
  const before = report?.excludeNetwork
  if (report === undefined || before === undefined) return ''
  report.excludeNetwork = true
  try {
    const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] }
    return sharedObjects.join('\n')
  } finally {
    report.excludeNetwork = before
  }
}

async function importFfi(): Promise<typeof import('ffi-rs')> {
  try {
    const module = (await import('ffi-rs')) as typeof import('ffi-rs') & {
      default?: typeof import('ffi-rs')
    }
    return module.default ?? module
  } catch (cause) {
    const { message } = cause as Error
    return (await besideProgram()) ?? refuse(message, cause)
  }
}

/**
 * ffi-rs of the `node_modules` beside the program, or beside the executable that it is part of. What a bundler made
 * of the `import` does not find it: an ES module has no `require`, and that of a single executable knows no files.
 */
async function besideProgram(): Promise<typeof import('ffi-rs') | undefined> {
  const { createRequire } = await import('node:module')
  for (const program of [process.argv[1], process.execPath]) {
    if (!program?.startsWith('/')) continue
    try {
      return createRequire(program)('ffi-rs')
    } catch {
      // The first refusal says more.
    }
  }
  return undefined
}

function refuse(message: string, cause: unknown): never {
  const page = `of bundles and missing binaries ${docsPage('bundling')} tells`
  const problem = `the native part of ffi-rs does not load here (${firstLine(message)}); ${page}`
  throw addonMissing(problem, cause)
}

/**
 * Keeps the native part of ffi-rs in memory. Node lets go of it when the thread ends that loaded it, and then
 * the C library calls what it has left behind in that thread: the whole process would end in SIGSEGV.
 *
 * @param loaded what {@link loadedFiles} gives
 * @source https://github.com/rust-lang/rust/issues/91979
 */
function keepAddon(loaded: string): void {
  const addons = new Set(loaded.match(/\/.*\/ffi-rs\.[^/\n]*\.node$/gm))
  try {
    if (addons.size === 0) throw new Error('its file has another name')
    for (const path of addons) {
      process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | ABI.RTLD_NODELETE)
    }
  } catch (cause) {
    throw addonMissing('the native part of ffi-rs could not be kept beyond this thread', cause)
  }
}

function unavailable(problem: string): NetlinkError {
  return new NetlinkError(problem, { code: 'EUNSUPPORTED', feature: 'netlink' })
}

function addonMissing(problem: string, cause: unknown): NetlinkError {
  return new NetlinkError(problem, { code: 'EUNSUPPORTED', feature: 'ffi-rs', cause })
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] as string

/**
 * The C library that this process runs on already: the loader of musl is its libc. musl takes any
 * `libc.` name for itself, so the file does not have to be found.
 */
function libcName(loaded: string): string {
  const musl = MUSL.exec(loaded)
  return musl ? `libc.musl-${musl[1]}.so.1` : 'libc.so.6'
}

function bindCalls(ffi: typeof import('ffi-rs')): LibC {
  const int = ffi.DataType.I32
  const bytes = ffi.DataType.U8Array

  const prepare = (funcName: string, args: Argument[]) => ({
    library: LIBRARY,
    funcName,
    retType: int as DataType.I32,
    paramsType: args.map((arg): DataType => (typeof arg === 'number' ? int : bytes)),
    paramsValue: args,
    errno: true as const,
  })

  /** Calls and reads errno in one step: nothing can come between. */
  const call = (funcName: string, ...args: Argument[]): number => {
    const { value, errnoCode } = ffi.load<DataType.I32, true>(prepare(funcName, args))
    if (value < 0) throw syscallError(funcName, errnoCode)
    return value
  }
  /** The same in another thread, which reads its own errno. */
  const callApart = async (funcName: string, ...args: Argument[]): Promise<number> => {
    const prepared = { ...prepare(funcName, args), runInNewThread: true as const }
    const { value, errnoCode } = await ffi.load<DataType.I32, true, true>(prepared)
    if (value < 0) throw syscallError(funcName, errnoCode)
    return value
  }
  const receiveMany = async (fd: number, headers: Buffer, count: number): Promise<number> => {
    const { value, errnoCode } = await ffi.load<DataType.I32, true, true>({
      library: LIBRARY,
      funcName: 'recvmmsg',
      retType: int,
      // Flags, and no pointer to a time.
      paramsType: [int, bytes, int, int, ffi.DataType.I64],
      paramsValue: [fd, headers, count, 0, 0],
      errno: true,
      runInNewThread: true,
    })
    if (value < 0) throw syscallError('recvmmsg', errnoCode)
    return value
  }
  const lengthOf = (into: Uint8Array) => Buffer.from(Uint32Array.of(into.length).buffer)

  return {
    socket: (domain, type, protocol) => call('socket', domain, type, protocol),
    bind: (fd, address) => void call('bind', fd, Buffer.from(address), address.length),
    connect: (fd, address) => void call('connect', fd, Buffer.from(address), address.length),
    setsockopt: (fd, level, option, value) =>
      void call('setsockopt', fd, level, option, Buffer.from(value), value.length),
    getsockopt: (fd, level, option, into) =>
      void call('getsockopt', fd, level, option, into, lengthOf(into)),
    getsockname: (fd, into) => void call('getsockname', fd, into, lengthOf(into)),
    addressOf: (memory) =>
      // memmove returns its target; moving nothing changes nothing.
      ffi.load<DataType.BigInt>({
        library: LIBRARY,
        funcName: 'memmove',
        retType: ffi.DataType.BigInt,
        paramsType: [bytes, bytes, ffi.DataType.I64],
        paramsValue: [memory, memory, 0],
      }) as bigint,
    receiveMany,
    recv: (fd, into) => call('recv', fd, into, into.length, 0),
    send: (fd, bytes) => call('send', fd, bytes, bytes.length, 0),
    recvApart: (fd, into) => callApart('recv', fd, into, into.length, 0),
    sendApart: (fd, bytes) => callApart('send', fd, bytes, bytes.length, 0),
    close: (fd) => void call('close', fd),
    setns: (fd, type) => void call('setns', fd, type),
    flock: (fd, operation) => void call('flock', fd, operation),
  }
}
