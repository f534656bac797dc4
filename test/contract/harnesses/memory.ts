import { MemoryBackend } from '@wgctrl/types/testing'
import { type Harness, type Stage, uniqueName } from '../harness.js'

/** Devices in the memory of this process. */
export const memory: Harness = {
  name: 'memory',
  traits: {
    kind: 'userspace',
    ...new MemoryBackend().capabilities,
    bindsPorts: false,
    showsPrivateKey: true,
    immediate: true,
    guarded: false,
    findsScopes: false,
    resolvesNames: false,
    hasSockets: false,
    compares: false,
    showsActivity: false,
    lists: true,
    takesLinkNames: false,
    otherLink: 'ENODEV',
    tornReads: false,
    extra: 'kept',
  },

  async setup(): Promise<Stage> {
    const subject = new MemoryBackend()
    return {
      subject,
      another: async () => subject,
      async createDevice() {
        const name = uniqueName()
        await subject.create(name)
        return name
      },
      async removeDevice(name) {
        subject.devices.delete(name)
      },
      teardown: () => subject[Symbol.asyncDispose](),
    }
  },
}
