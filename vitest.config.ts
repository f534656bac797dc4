import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

/** Tests run on the sources, so that a failure points at the line that a reader sees. */
const alias = {
  '@wgctrl/types/testing': source('types/src/testing/index.ts'),
  '@wgctrl/types': source('types/src/index.ts'),
  '@wgctrl/netlink/testing': source('netlink/src/testing/index.ts'),
  '@wgctrl/netlink': source('netlink/src/index.ts'),
  '@wgctrl/uapi/testing': source('uapi/src/testing/index.ts'),
  '@wgctrl/uapi': source('uapi/src/index.ts'),
  wgctrl: source('wireguard/src/index.ts'),
}

const tier = (name: string, include: string[], testTimeout: number, more = {}) => ({
  resolve: { alias },
  test: { name, include, testTimeout, hookTimeout: testTimeout, retry: 0, ...more },
})

export default defineConfig({
  test: {
    projects: [
      tier('unit', ['packages/*/src/**/*.test.ts'], 20_000),
      tier('contract', ['test/contract/**/*.test.ts'], 60_000),
      tier('interop', ['test/interop/**/*.test.ts'], 120_000),
      // Files one after the other: the sockets of userspace devices are in one folder.
      tier('lifecycle', ['test/lifecycle/*.test.ts'], 600_000, { fileParallelism: false }),
      // Files one after the other: they are about time, and the machine is one.
      tier('events', ['test/events/*.test.ts'], 300_000, { fileParallelism: false }),
      // In an emulated machine everything takes ten times as long.
      tier('kernel', ['test/kernel/guest/**/*.test.ts'], 600_000),
    ],
  },
})
