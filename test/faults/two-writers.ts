import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Device, DeviceKind } from '@wgctrl/types'
import { expect, onTestFinished } from 'vitest'

/** What a writer did, by its own account. */
interface Written {
  readonly round: number
  /** Reads that found a write of the other. */
  readonly met: number
  /** Reads that ended with EINTR. */
  readonly torn: number
  readonly mark: number
  readonly shared: string
  /** The peers of its own that it left. */
  readonly own: { publicKey: string; persistentKeepalive: number; allowedIPs: string[] }[]
}

const program = fileURLToPath(new URL('writer.mjs', import.meta.url))

/** A writer fails, and says why, at the first read that is no whole write, and at any error but EINTR. */
async function outcome(writer: ChildProcess): Promise<Written> {
  onTestFinished(() => void writer.kill('SIGKILL'))
  let written: Written | undefined
  writer.once('message', (message) => {
    written = message as Written
  })
  const [status] = await once(writer, 'exit')
  if (status !== 0 || !written) throw new Error(`a writer ended with ${status}`)
  return written
}

/**
 * Two processes write a device for some seconds. What it is in the end is explained by the last writes of
 * both: one of them came last, and nothing of either is lost.
 *
 * @returns what the writers did
 */
export async function writeByTwo(
  name: string,
  backend: DeviceKind,
  seconds: number,
  read: () => Promise<Device>,
): Promise<Written[]> {
  const arguments_ = (id: number): string[] => [name, String(id), String(seconds), backend]
  const writers = [1, 2].map((id) => fork(program, arguments_(id), { stdio: 'inherit' }))
  const written = await Promise.all(writers.map(outcome))
  const device = await read()
  const last = written.find(({ mark }) => mark === device.firewallMark)
  expect(last, `nobody wrote the mark ${device.firewallMark} last`).toBeDefined()
  const { mark, round, shared } = last as Written
  const common = {
    publicKey: shared,
    persistentKeepalive: round & 0xffff,
    allowedIPs: [`10.${mark >>> 24}.${(mark >>> 8) & 255}.${mark & 255}/32`],
  }
  const expected = [common, ...written.flatMap(({ own }) => own)]
  const there = device.peers.map(({ publicKey, persistentKeepalive, allowedIPs }) => ({
    publicKey,
    persistentKeepalive,
    allowedIPs,
  }))
  expect(there).toHaveLength(expected.length)
  expect(there).toEqual(expect.arrayContaining(expected))
  // Else they wrote one after the other, and nothing was shown.
  for (const { met } of written) expect(met).toBeGreaterThan(0)
  return written
}
