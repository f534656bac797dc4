import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePair, type Pair } from './pair.js'
import { Program, WGCTRL } from './program.js'

let pair: Pair

beforeAll(async () => {
  pair = await makePair()
})

afterAll(() => pair[Symbol.asyncDispose]())

/** Our program as a user who may do nothing. */
const asNobody = (...words: readonly string[]): Program => {
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups']
  return new Program('setpriv', [...user, process.execPath, WGCTRL, ...words])
}

const ADVICE = /: run as root, or as the user that it belongs to$/m

describe('without rights', () => {
  it.each([
    ['show'],
    ['show wg'],
    ['showconf wg'],
    ['set wg listen-port 7'],
    ['setconf wg /dev/null'],
    ['watch wg --lines'],
    ['diff wg /dev/null'],
    ['handshakes wg'],
    ['metrics wg --listen 127.0.0.1:0'],
  ])('%s says what to do', async (line) => {
    const program = asNobody(...line.replace(/\bwg\b/, pair.alice.device).split(' '))
    await program.says(ADVICE, 'err')
    if (line.startsWith('metrics')) {
      await program.says(/no device can be read/, 'err')
      program.kill('SIGTERM')
    }
    await program.status()
    expect(program.err).toContain(`/var/run/wireguard/${pair.alice.device}.sock`)
    // Nobody on a command line knows the library's calls.
    expect(program.err).not.toMatch(/\b(device|configure|listen) wg/)
  })

  it('nobody is advised to give the node binary, and so every script, a capability', async () => {
    const texts = []
    for (const line of [
      '--backend linux-kernel show',
      'doctor',
      'up wgnone',
      '--backend linux-kernel diff wg0 /dev/null',
    ]) {
      const program = asNobody(...line.split(' '))
      await program.status()
      texts.push(program.out + program.err)
    }
    const advice = texts.join('').match(/[^\n]*(?:setcap|Capabilities=)[^\n]*/g) ?? []
    expect(advice.join('\n')).toMatch(/AmbientCapabilities=CAP_NET_ADMIN/)
    for (const text of advice) {
      expect(text).toMatch(/service/)
      if (text.includes('setcap'))
        expect(text).toMatch(/node binary would give that to every script.* a copy/)
    }
  })

  it('doctor does not say that all is well with devices that it cannot read', async () => {
    const doctor = asNobody('doctor')
    expect(await doctor.status()).toBe(1)
    expect(doctor.out).toMatch(ADVICE)
    expect(doctor.out).toMatch(/^note +no devices can be read; wgalice1, wgbob1 cannot$/m)
    expect(doctor.out).toMatch(/has 2 sockets of userspace devices$/m)
    expect(doctor.out.match(/kernel .*has no WireGuard/g) ?? []).toHaveLength(
      /^note +the kernel/m.test(doctor.out) ? 1 : 0,
    )
  })
})
