import { afterAll, beforeAll } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { deletable, deletionThatWaits } from './deletion.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

deletionThatWaits(bench)
// The others are in the tier `kernel-long`.
deletable(bench, ['down'])
