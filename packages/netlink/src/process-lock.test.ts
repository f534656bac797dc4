import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { Deadline } from '@wgctrl/types'
import { describe, expect, it, onTestFinished } from 'vitest'
import { holdLock } from './process-lock.js'

const never = new AbortController().signal

/** Where processes of all versions have to look for each other. */
function fileOf(subject: string): string {
  const { dev, ino } = statSync('/proc/thread-self/ns/net')
  const uid = process.geteuid?.()
  const folder = uid === 0 ? '/run/wgctrl' : `/dev/shm/wgctrl-${uid}`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return `${folder}/${dev}-${ino}-${encodeURIComponent(subject)}`
}

const newSubject = (): string => `test ${process.pid} ${Math.random()}`

/** Another process that has the lock, by flock(1), until it is killed. */
async function heldByOther(subject: string) {
  const file = fileOf(subject)
  const script = `echo 4711 > '${file}'; echo held; exec sleep 600`
  const child = spawn('flock', ['--no-fork', file, 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

describe.runIf(process.platform === 'linux')('holdLock', () => {
  it('lets one caller have it at a time, and leaves no file', async () => {
    const subject = newSubject()
    let inside = 0
    const work = async (): Promise<void> => {
      using _ = await holdLock(subject, { signal: never })
      expect(++inside).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 1))
      inside--
    }
    await Promise.all(Array.from({ length: 8 }, work))
    expect(existsSync(fileOf(subject))).toBe(false)
  })

  it('keeps subjects apart', async () => {
    using deadline = new Deadline({ timeout: 60_000 })
    using one = await holdLock(newSubject(), deadline)
    using other = await holdLock(newSubject(), deadline)
    expect(one).not.toBe(other)
  })

  it('is EBUSY when the time is up, and says which process has it', async () => {
    const subject = newSubject()
    const other = await heldByOther(subject)
    using deadline = new Deadline({ timeout: 50 })
    await expect(holdLock(subject, { signal: deadline.signal })).rejects.toMatchObject({
      code: 'EBUSY',
      message: `process 4711 is at work on ${subject}, and did not end in time`,
    })
    other.kill('SIGKILL')
    using _ = await holdLock(subject, { signal: never })
  })

  it('ends the wait with the reason of an abort', async () => {
    const subject = newSubject()
    using _ = await holdLock(subject, { signal: never })
    const controller = new AbortController()
    const waiting = holdLock(subject, { signal: controller.signal })
    controller.abort(new Error('had enough'))
    await expect(waiting).rejects.toThrow('had enough')
  })

  it('refuses a namespace that is not there', async () => {
    const lock = holdLock('wg0', { netns: '/nowhere/ns', signal: never })
    await expect(lock).rejects.toMatchObject({ code: 'ENOENT', path: 'netns' })
  })
})
