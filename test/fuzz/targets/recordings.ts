import { readFileSync } from 'node:fs'

const file = new URL('../../../packages/netlink/vectors/linux-6.12.txt', import.meta.url)

/** Datagrams that a real kernel sent. */
export const recordedReplies = (): Uint8Array[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('< '))
    .map((line) => Uint8Array.from(Buffer.from(line.slice(2), 'hex')))
