import { checkConfig, type DeviceConfig, wipeConfig } from '@wgctrl/types'
import { encodeSet } from '@wgctrl/uapi'
import type { Target } from '../engine/fuzzer.js'
import { bytes, hold, text } from './text.js'

const key = '"publicKey":"xPUKOZP2NhBbW107mVmRWvW5LSMkhKSMqiq6q5cm6D4="'

/** Configs of any shape, as a program gets them from JSON; what passes is written as UAPI. */
export const deviceConfig: Target = {
  name: 'device-config',
  words: [
    '{',
    '}',
    '[',
    ']',
    ',',
    'null',
    'true',
    '-1',
    '1e99',
    '0',
    '""',
    '"__proto__":',
    '"privateKey":',
    '"listenPort":',
    '"firewallMark":',
    '"replacePeers":',
    '"peers":',
    key,
    '"remove":',
    '"updateOnly":',
    '"presharedKey":',
    '"endpoint":',
    '"persistentKeepalive":',
    '"replaceAllowedIPs":',
    '"allowedIPs":',
    '"10.0.0.0/8"',
    '"cidr":',
    '"address":',
    '"port":',
    '"scopeId":',
    '"family":',
    '"length":',
    '"127.0.0.1:1"',
  ],
  seeds: () =>
    bytes(
      '{}',
      `{"privateKey":null,"listenPort":51820,"firewallMark":1,"replacePeers":true,"peers":[{${key}}]}`,
      `{"peers":[{${key},"remove":true,"updateOnly":false,"presharedKey":null}]}`,
      `{"peers":[{${key},"endpoint":"[fe80::1%2]:1","allowedIPs":["10.0.0.0/8",{"cidr":"::/0","remove":true}]}]}`,
      `{"peers":[{${key},"endpoint":{"address":"127.0.0.1","port":1,"family":4},"persistentKeepalive":25}]}`,
    ),
  run(input) {
    let config: DeviceConfig
    try {
      config = JSON.parse(text(input))
    } catch {
      return
    }
    const checked = checkConfig(config)
    for (const chunk of encodeSet(checked)) {
      hold(!/[^\n\P{Cc}]/u.test(Buffer.from(chunk).toString()), 'a set has no control characters')
    }
    wipeConfig(checked)
  },
}
