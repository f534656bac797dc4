import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AbortError, InvalidTypeError, WireGuardError } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { explainFailure } from './failure.js'
import { UapiSocket } from './socket.js'
import { leaveStaleSocket, temporaryDirectory } from './sockets.fixture.js'

const context = { operation: 'device', device: 'wg0', backend: 'userspace' }
const there = async () => true
const gone = async () => false

const systemError = (code: string, address?: string): Error =>
  Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect', errno: -1, address })

const dial = (path: string): Promise<unknown> =>
  UapiSocket.open(path, new AbortController().signal).catch((error) => error)

describe('means', () => {
  it('ENODEV: no socket', async () => {
    const path = join(await temporaryDirectory(), 'wg0.sock')
    const error = await explainFailure(await dial(path), context, there)
    expect(error).toMatchObject({
      ...context,
      code: 'ENODEV',
      message: 'device wg0: no such device',
    })
    expect(error).toMatchObject({ cause: { code: 'ENOENT' } })
  })

  it('ECONNREFUSED: a socket that was left', async () => {
    const path = join(await temporaryDirectory(), 'wg0.sock')
    await leaveStaleSocket(path)
    const error = await explainFailure(await dial(path), context, there)
    expect(error).toMatchObject({ ...context, code: 'ECONNREFUSED' })
  })

  it('ENOTWIREGUARD: a file, a directory, a socket of another type', async () => {
    const directory = await temporaryDirectory()
    const file = join(directory, 'file')
    await writeFile(file, '')
    for (const path of [file, directory]) {
      const error = await explainFailure(await dial(path), context, there)
      expect(error).toMatchObject({ ...context, code: 'ENOTWIREGUARD' })
    }
    // A datagram socket; a file on the BSDs.
    for (const code of ['EPROTOTYPE', 'ENOTSOCK']) {
      const error = await explainFailure(systemError(code, file), context, there)
      expect(error).toMatchObject({ ...context, code: 'ENOTWIREGUARD' })
    }
  })

  it('EPERM: a socket that this user may not open', async () => {
    const error = await explainFailure(systemError('EACCES'), context, there)
    expect(error).toMatchObject({ ...context, code: 'EPERM' })
  })

  it('the same for any other system error', async () => {
    const error = await explainFailure(systemError('EMFILE'), context, there)
    expect(error).toBeInstanceOf(WireGuardError)
    expect(error).toMatchObject({ ...context, code: 'EMFILE', errno: 1 })
  })

  it('ENODEV: a reply that stopped because the device went away', async () => {
    const stopped = new WireGuardError('it stopped', { code: 'EPROTO', line: 3 })
    expect(await explainFailure(stopped, context, gone)).toMatchObject({
      ...context,
      code: 'ENODEV',
      cause: stopped,
    })
    expect(await explainFailure(stopped, context, there)).toMatchObject({
      ...context,
      code: 'EPROTO',
      line: 3,
    })
  })

  it('what it says, when it is no failure of the system', async () => {
    const errors = [new AbortError('why'), new InvalidTypeError('x', 'y'), new RangeError('bug')]
    for (const error of errors) expect(await explainFailure(error, context, gone)).toBe(error)
    const told = new WireGuardError('no', { code: 'EINVAL', ...context })
    expect(await explainFailure(told, context, gone)).toBe(told)
  })
})
