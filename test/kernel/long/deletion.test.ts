import { afterAll, beforeAll } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { deletable, deletionOfKernel, everyWay } from '../guest/deletion.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

deletionOfKernel(bench)
deletable(bench, everyWay)
