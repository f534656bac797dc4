import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { DeviceKind } from '@wgctrl/types'
import { afterAll, describe, expect, it } from 'vitest'
import type {
  InterfaceConfig,
  InterfaceSettings,
} from '../../packages/wireguard/src/interface/index.js'
import { TestNamespace } from './namespace.js'
import { Ours, type Side, useStubs, WgQuick } from './sides.js'
import { type Snapshot, showConf, snapshot } from './snapshot.js'

interface Observation {
  readonly before: Snapshot
  readonly during: Snapshot
  readonly device: string[]
  readonly after: Snapshot
  /** The calls of resolvconf, and what hooks wrote. */
  readonly log: string
  readonly saved: string[]
}

/**
 * A side with its namespace, which one case takes over from the other as long as each leaves it as it
 * was: in an emulated machine, making one and looking at it takes as long as bringing an interface up.
 */
class Lane {
  readonly #name: string
  readonly #open: (namespace: TestNamespace) => Promise<Side & AsyncDisposable>
  #clean: { namespace: TestNamespace; before: Snapshot } | undefined

  constructor(name: string, open: (namespace: TestNamespace) => Promise<Side & AsyncDisposable>) {
    this.#name = name
    this.#open = open
  }

  async observe(config: InterfaceConfig): Promise<Observation> {
    const { namespace, before } = this.#clean ?? (await this.#enter())
    this.#clean = undefined
    try {
      const seen = await this.#upAndDown(namespace, config)
      const { validMarks } = seen.after
      if (validMarks !== before.validMarks) await namespace.run('sysctl', '-qw', noValidMarks)
      if (isDeepStrictEqual({ ...seen.after, validMarks: before.validMarks }, before)) {
        this.#clean = { namespace, before }
      }
      return { before, ...seen }
    } finally {
      if (!this.#clean) await namespace[Symbol.asyncDispose]()
    }
  }

  async leave(): Promise<void> {
    await this.#clean?.namespace[Symbol.asyncDispose]()
  }

  async #enter(): Promise<{ namespace: TestNamespace; before: Snapshot }> {
    const namespace = await TestNamespace.create(this.#name)
    return { namespace, before: await snapshot(namespace) }
  }

  async #upAndDown(
    namespace: TestNamespace,
    config: InterfaceConfig,
  ): Promise<Omit<Observation, 'before'>> {
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-lifecycle-'))
    const log = join(folder, 'log')
    using _ = useStubs(log)
    try {
      await using side = await this.#open(namespace)
      await side.up(config)
      const during = await snapshot(namespace)
      const device = await showConf(namespace, config.name)
      await side.down(config)
      const after = await snapshot(namespace)
      const saved = config.saveConfig ? await side.saved() : []
      const written = await readFile(log, 'utf8').catch(() => '')
      return { during, device, after, log: written, saved }
    } finally {
      await rm(folder, { recursive: true })
    }
  }
}

/** As namespaces begin; a default route switches it on for good. */
const noValidMarks = 'net.ipv4.conf.all.src_valid_mark=0'

/** Brings each of them up and down by wg-quick(8) and by us: nobody can tell whose work is seen. */
export function compareSides(kind: DeviceKind, cases: Record<string, InterfaceSettings>): void {
  describe(`up and down beside wg-quick(8), on devices of kind ${kind}`, () => {
    const theirs = new Lane('wgctrl-theirs', (namespace) => WgQuick.in(namespace))
    const ours = new Lane('wgctrl-ours', (namespace) => Ours.in(namespace, kind))

    afterAll(async () => {
      await theirs.leave()
      await ours.leave()
    })

    for (const [title, settings] of Object.entries(cases)) {
      it(title, async () => {
        const config: InterfaceConfig = { name: 'wg0', ...settings }
        // One after the other: the sockets of userspace devices are in one folder.
        const expected = await theirs.observe(config)
        const seen = await ours.observe(config)
        expect(seen).toEqual(expected)
        expect(seen.during.links).not.toEqual(seen.before.links)
        expect(seen.after).toEqual({ ...seen.before, validMarks: seen.after.validMarks })
      })
    }
  })
}
