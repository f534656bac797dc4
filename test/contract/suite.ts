import { afterAll, beforeAll, describe } from 'vitest'
import { Bench, type Sizes } from './bench.js'
import { activity } from './cases/activity.js'
import { allowedIPs } from './cases/allowed-ips.js'
import { cancellation } from './cases/cancellation.js'
import { comparison } from './cases/comparison.js'
import { concurrency } from './cases/concurrency.js'
import { deviceFields } from './cases/device-fields.js'
import { endpoints } from './cases/endpoints.js'
import { errors } from './cases/errors.js'
import { lifeCycle } from './cases/life-cycle.js'
import { peers } from './cases/peers.js'
import { reads } from './cases/reads.js'
import { refusals } from './cases/refusals.js'
import { secrets } from './cases/secrets.js'
import { sizes } from './cases/sizes.js'
import { sockets } from './cases/sockets.js'
import { timeouts } from './cases/timeouts.js'
import type { Harness } from './harness.js'

const topics = {
  reads,
  comparison,
  activity,
  'life cycle': lifeCycle,
  'fields of a device': deviceFields,
  peers,
  'allowed IPs': allowedIPs,
  endpoints,
  sizes,
  errors,
  refusals,
  cancellation,
  timeouts,
  concurrency,
  secrets,
  sockets,
}

/** What every backend promises, and the facade over it. */
export function contract(harness: Harness, sizes?: Sizes): void {
  describe(harness.name, () => {
    const bench = new Bench(harness, sizes)
    beforeAll(() => bench.setup())
    afterAll(() => bench.teardown())
    for (const [topic, cases] of Object.entries(topics)) {
      describe(topic, () => cases(bench))
    }
  })
}
