import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceKind } from '@wgctrl/types'
import { expect, onTestFinished } from 'vitest'
import { uniqueName } from '../contract/harness.js'

const program = fileURLToPath(new URL('clock-child.mjs', import.meta.url))

/** A clock that can be set. */
export interface Clock {
  /** Whose it is: of one process, or of the machine, which tells the time of handshakes. */
  readonly whose: 'own' | 'all'
  /** So many seconds ahead of the true time. */
  set(seconds: number): void
  /** What a process has in its environment that goes by it. */
  readonly env: Record<string, string>
}

/** The clock of the machine, which nothing here sets right: not for one that is used for anything else. */
export const machineClock: Clock = {
  whose: 'all',
  set(seconds) {
    const trueTime = performance.timeOrigin + performance.now()
    execFileSync('date', ['-s', `@${Math.round(trueTime / 1000) + seconds}`])
  },
  env: {},
}

/** A clock of one process. @source faketime(1) */
export function ownClock(): Clock {
  const directory = mkdtempSync(join(tmpdir(), 'wgctrl-clock-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'offset')
  const set = (seconds: number): void =>
    writeFileSync(file, seconds < 0 ? `${seconds}s` : `+${seconds}s`)
  set(0)
  return {
    whose: 'own',
    set,
    env: {
      LD_PRELOAD: fakeTimeLibrary(),
      FAKETIME_TIMESTAMP_FILE: file,
      // Each look at the clock reads the file; what does not step is left alone.
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  }
}

/** What stands between a program and its clock, as Debian has it and as others do. */
function fakeTimeLibrary(): string {
  for (const folder of ['x86_64-linux-gnu/', 'aarch64-linux-gnu/', '']) {
    const path = `/usr/lib/${folder}faketime/libfaketimeMT.so.1`
    if (existsSync(path)) return path
  }
  throw new Error('there is no libfaketime: apt-get install faketime')
}

/**
 * A process watches, times out and lets peers in while its clock is an hour ahead, an hour behind and right.
 * It fails, and says why, when one of these goes by the clock, and ends by itself.
 */
export async function expectClockToMatterNot(backend: DeviceKind, clock: Clock): Promise<void> {
  const names = [uniqueName(), uniqueName()]
  const child = fork(program, [backend, ...names, clock.whose], {
    stdio: 'inherit',
    env: { PATH: process.env['PATH'], ...clock.env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  onTestFinished(() => clock.set(0))
  let end: { steps: number; events: number } | undefined
  child.on('message', (message: { step: number } | { steps: number; events: number }) => {
    if ('steps' in message) end = message
    else {
      clock.set(message.step)
      child.send('done')
    }
  })
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(end?.steps).toBe(3)
  expect(end?.events).toBeGreaterThan(3)
}
