import { keyBytes, parsePublicKey, SecretKey } from '@wgctrl/types'
import type { Target } from '../engine/fuzzer.js'
import { bytes, hold, text } from './text.js'

/** Keys as text and as bytes. */
export const key: Target = {
  name: 'key',
  words: ['=', 'A', '/', '+'],
  seeds: () => [
    ...bytes('xPUKOZP2NhBbW107mVmRWvW5LSMkhKSMqiq6q5cm6D4=', ''),
    new Uint8Array(32),
    Uint8Array.from({ length: 32 }, (_, index) => 7 * index),
  ],
  run(input) {
    for (const given of [text(input), input]) {
      const secret = attempt(() => SecretKey.from(given))
      const publicKey = attempt(() => parsePublicKey(given))
      const raw = attempt(() => keyBytes(given, 'key'))
      hold((secret === undefined) === (raw === undefined), 'all readers take the same keys')
      hold((publicKey === undefined) === (raw === undefined), 'all readers take the same keys')
      if (!secret || !raw) continue
      hold(secret.toBase64() === publicKey, 'one text for one key')
      if (typeof given === 'string') hold(secret.toBase64() === given, 'the text comes back')
      hold(secret.equals(raw), 'the bytes are those of the text')
    }
  },
}

/** The value, or `undefined` where the input is refused in our words. */
function attempt<T>(body: () => T): T | undefined {
  try {
    return body()
  } catch (error) {
    if ((error as { code?: string }).code === 'EINVAL') return undefined
    throw error
  }
}
