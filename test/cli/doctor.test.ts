import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { freePort, takenPort } from '../contract/ports.js'
import { makePair } from './pair.js'
import { WGCTRL, wgctrl } from './program.js'
import { runWg } from './wg.js'

it('wgctrl doctor says what this machine has', async () => {
  const { status, out } = await wgctrl('doctor', '--json')
  const { findings } = JSON.parse(out) as {
    findings: { id: string; verdict: string; text: string }[]
  }
  const verdictOf = (id: string) => findings.find((finding) => finding.id === id)?.verdict
  expect(verdictOf('net-admin')).toBe('ok')
  expect(verdictOf('net-raw')).toBe('ok')
  expect(verdictOf('tun')).toBe('ok')
  expect(verdictOf('userspace-daemon')).toBe('ok')
  expect(verdictOf('backends')).toBe('ok')
  expect(verdictOf('kernel-module')).toBe(existsSync('/sys/module/wireguard') ? 'ok' : 'note')
  expect(status).toBe(0)
  const report = await wgctrl('doctor')
  for (const { text } of findings) expect(report.out).toContain(text)
})

it('wgctrl doctor says what a process without rights lacks, and what to do', () => {
  const drop = ['--bounding-set=-net_admin,-net_raw', '--inh-caps=-net_admin,-net_raw']
  const args = [...drop, '--', process.execPath, WGCTRL, 'doctor']
  const { status, stdout } = spawnSync('setpriv', args, { encoding: 'utf8' })
  expect(stdout).toMatch(/missing +this process does not have CAP_NET_ADMIN.*\n +→ run as root/)
  expect(stdout).toMatch(/missing +this process does not have CAP_NET_RAW/)
  expect(status).toBe(1)
})

it('wgctrl doctor tells of a wireguard-go that lost its port, and what to do', async () => {
  await using pair = await makePair()
  const { device } = pair.alice
  await using taken = await takenPort()
  // wg(8) does not put back what it had.
  const refused = await runWg(['set', device, 'listen-port', `${taken.port}`])
  expect(refused.err).toMatch(/Address already in use/)
  const deaf = await wgctrl('doctor')
  expect(deaf.out).toMatch(
    new RegExp(`^missing +${device} has no UDP port and receives nothing`, 'm'),
  )
  expect(deaf.out).toContain(`→ wgctrl set ${device} listen-port PORT`)
  expect(deaf.out).not.toContain(`${pair.bob.device} has no UDP port`)
  expect(deaf.status).toBe(1)
  await wgctrl('set', device, 'listen-port', `${await freePort()}`)
  const mended = await wgctrl('doctor')
  expect(mended.out).not.toMatch(/no UDP port/)
  expect(mended.status).toBe(0)
})
