import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { InterfaceConfig } from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours, type Side, useStubs, WgQuick } from './sides.js'
import { type Snapshot, showConf, snapshot } from './snapshot.js'

const kind = await chosenBackend()

describe(`up and down beside wg-quick(8), on devices of kind ${kind}`, () => {
  for (const [title, settings] of Object.entries(cases)) {
    it(title, async () => {
      const config: InterfaceConfig = { name: 'wg0', ...settings }
      // One after the other: the sockets of userspace devices are in one folder.
      const theirs = await observe(config, (namespace) => WgQuick.in(namespace))
      const ours = await observe(config, (namespace) => Ours.in(namespace, kind))
      expect(ours).toEqual(theirs)
      expect(ours.during.links).not.toEqual(ours.before.links)
      expect(ours.after).toEqual({ ...ours.before, validMarks: ours.after.validMarks })
    })
  }
})

interface Observation {
  readonly before: Snapshot
  readonly during: Snapshot
  readonly device: string[]
  readonly after: Snapshot
  /** The calls of resolvconf, and what hooks wrote. */
  readonly log: string
  readonly saved: string[]
}

async function observe(
  config: InterfaceConfig,
  open: (namespace: TestNamespace) => Promise<Side & AsyncDisposable>,
): Promise<Observation> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-lifecycle-'))
  const log = join(folder, 'log')
  using _ = useStubs(log)
  try {
    await using namespace = await TestNamespace.create('wgctrl-case')
    await using side = await open(namespace)
    const before = await snapshot(namespace)
    await side.up(config)
    const during = await snapshot(namespace)
    const device = await showConf(namespace, config.name)
    await side.down(config)
    const after = await snapshot(namespace)
    const saved = config.saveConfig ? await side.saved() : []
    const written = await readFile(log, 'utf8').catch(() => '')
    return { before, during, device, after, log: written, saved }
  } finally {
    await rm(folder, { recursive: true })
  }
}
