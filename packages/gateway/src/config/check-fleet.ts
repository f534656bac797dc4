import { hostname } from 'node:os'
import { checkFields, type Fields, invalid, quoted } from '@wgctrl/types'
import { bucketOf, CONNECTION, natsOf } from './check-store.js'
import { parseDuration } from './duration-text.js'
import type { FleetConfig, NatsConfig, StoreConfig } from './gateway-config.js'
import { objectOf, type Raw, textOf } from './raw.js'

const FLEET: Fields = {
  ...CONNECTION,
  id: true,
  bucket: true,
  gateways: true,
  ttl: true,
  subject: true,
}

/**
 * @param store where it is NATS, that is what is connected to unless other servers are named
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkFleetConfig(value: unknown, store: StoreConfig, base: string): FleetConfig {
  checkFields(value, 'fleet', FLEET)
  const fleet = objectOf(value, 'fleet')
  const { id = hostname().split('.')[0], bucket = 'wireguard-presence' } = fleet
  const { gateways = 'wireguard-gateways', ttl = '10s', subject = 'wireguard' } = fleet
  const taken = new Map(store.type === 'nats' ? [[store.bucket, 'store.bucket']] : [])
  return {
    nats: connectionOf(fleet, store, base),
    id: bucketOf(id, 'fleet.id'),
    bucket: ownBucketOf(bucket, 'fleet.bucket', taken),
    gateways: ownBucketOf(gateways, 'fleet.gateways', taken),
    ttl: parseDuration(ttl, 'fleet.ttl', 1000),
    subject: subjectOf(subject),
  }
}

/**
 * The fleet writes to its buckets: in one of another use that would overwrite what is there. Servers tell nothing of that,
 * since one has many names.
 */
function ownBucketOf(value: unknown, path: string, taken: Map<string, string>): string {
  const bucket = bucketOf(value, path)
  const other = taken.get(bucket)
  if (other !== undefined) throw invalid(path, `${bucket} is the bucket of ${other}, too`)
  taken.set(bucket, path)
  return bucket
}

/** What the fleet does not say is as of the store, unless that is on other servers: its secrets are for those alone. */
function connectionOf(fleet: Raw, store: StoreConfig, base: string): NatsConfig {
  const own = natsOf(fleet, 'fleet', base)
  if (store.type !== 'nats' || fleet['servers'] !== undefined) return own
  const said = Object.keys(own).filter((field) => fleet[field] !== undefined)
  return { ...store.nats, ...Object.fromEntries(said.map((field) => [field, own[field as 'tls']])) }
}

/** @source docs.nats.io, subject-based messaging: tokens between dots */
function subjectOf(value: unknown): string {
  const subject = textOf(value, 'fleet.subject')
  if (/^[\w-]+(\.[\w-]+)*$/.test(subject)) return subject
  throw invalid('fleet.subject', `must be words between dots, got ${quoted(subject)}`)
}
