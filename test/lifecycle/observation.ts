import type { TestNamespace } from './namespace.js'
import { type Snapshot, showConf, snapshot } from './snapshot.js'

/** What one interface makes of a namespace. */
export type Observation = Snapshot & {
  readonly device: string[]
  /** IPv4 addresses in their order, which tells the source of packets. */
  readonly inOrder: string
}

/** Lists whose order only tells what came first are sorted. */
export async function observe(namespace: TestNamespace): Promise<Observation> {
  const seen = await snapshot(namespace)
  const device = await showConf(namespace, 'wg0')
  return {
    ...seen,
    addresses: sorted(seen.addresses),
    routes: sorted(seen.routes),
    firewall: seen.firewall
      .split(/^(?=table )/m)
      .sort()
      .join(''),
    validMarks: '',
    inOrder: (await namespace.ip('-4', '-o', 'address', 'show', 'dev', 'wg0')).replace(
      /^\d+/gm,
      '',
    ),
    device: device.map((part) => part.split('\n').map(sortWords).join('\n')),
  }
}

const sortWords = (line: string): string =>
  line.startsWith('AllowedIPs = ') ? line.slice(13).split(', ').sort().join(' ') : line

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, sorted(part)]))
}
