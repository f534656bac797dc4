import { formatConfig, parseConfig, stripConfig, toDeviceConfig, toInterfaceConfig } from 'wgctrl'
import {
  decodeText,
  encodeText,
} from '../../../packages/wireguard/src/config-file/text-encoding.js'
import type { Target } from '../engine/fuzzer.js'
import { configTexts } from './config-texts.js'
import { hold } from './text.js'

const words = [
  '[Interface]\n',
  '[Peer]\n',
  '[',
  ']',
  '=',
  '#',
  ',',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  'PrivateKey',
  'PublicKey',
  'PresharedKey',
  'ListenPort',
  'FwMark',
  'Address',
  'DNS',
  'MTU',
  'Table',
  'PreUp',
  'PostDown',
  'SaveConfig',
  'AllowedIPs',
  'Endpoint',
  'PersistentKeepalive',
  '(none)',
  'off',
  'auto',
  '0x',
  'true',
  '10.0.0.1/32',
  'xPUKOZP2NhBbW107mVmRWvW5LSMkhKSMqiq6q5cm6D4=',
  '-1',
  '+',
]

/** Config files of both dialects: read, written back, and turned into configs. */
export const configFile: Target = {
  name: 'config-file',
  words,
  seeds: () => configTexts.map((each) => Uint8Array.from(Buffer.from(each, 'latin1'))),
  run(input) {
    const given = decodeText(input)
    hold(Buffer.compare(encodeText(given), input) === 0, 'the bytes of a file come back')
    for (const dialect of ['wg', 'wg-quick'] as const) {
      for (const unknownKeys of ['keep', 'refuse'] as const) {
        try {
          read(given, dialect, unknownKeys)
        } catch (error) {
          if ((error as { code?: string }).code !== 'EINVAL') throw error
        }
      }
    }
  },
}

function read(text: string, dialect: 'wg' | 'wg-quick', unknownKeys: 'keep' | 'refuse'): void {
  const file = parseConfig(text, { dialect, unknownKeys })
  hold(formatConfig(file) === text, 'a file comes back as it was')
  hold(Array.isArray(file.warnings), 'warnings are told, not thrown')
  JSON.stringify(file)
  for (const use of [
    () => toDeviceConfig(file),
    () => toInterfaceConfig(file, 'wg0'),
    () => stripConfig(file),
  ]) {
    try {
      use()
    } catch (error) {
      if ((error as { code?: string }).code !== 'EINVAL') throw error
    }
  }
}
