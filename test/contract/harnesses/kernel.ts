import { KernelBackend, Rtnl } from '@wgctrl/netlink'
import { type Harness, type Stage, type Traits, uniqueName } from '../harness.js'
import { isolate } from './isolation.js'
import { ignoreMissing } from './wireguard-go.js'

const kernelTraits: Traits = {
  kind: 'linux-kernel',
  ...new KernelBackend().capabilities,
  bindsPorts: true,
  showsPrivateKey: true,
  immediate: false,
  guarded: true,
  findsScopes: true,
  resolvesNames: false,
  hasSockets: false,
  compares: true,
  showsActivity: true,
  lists: true,
  takesLinkNames: true,
  otherLink: 'ENOTWIREGUARD',
  tornReads: true,
  extra: 'EUNSUPPORTED',
}

/** Devices of the running kernel, made by the backend. */
export const kernel: Harness = {
  name: 'the kernel',
  traits: kernelTraits,

  async setup(): Promise<Stage> {
    await isolate()
    const subject = new KernelBackend()
    // Not ip(8): an emulated processor takes a tenth of a second to start a program.
    const rtnl = await Rtnl.open()
    const others: KernelBackend[] = []
    const names = new Set<string>()
    const removeDevice = async (name: string): Promise<void> => {
      await subject.delete(name).catch(ignoreMissing)
      names.delete(name)
    }
    return {
      subject,
      async another() {
        const backend = new KernelBackend()
        others.push(backend)
        return backend
      },
      async createDevice() {
        const name = uniqueName()
        names.add(name)
        await subject.create(name)
        await rtnl.changeLink(name, { up: true })
        return name
      },
      removeDevice,
      async teardown() {
        await Promise.all(Array.from(names, removeDevice))
        await Promise.all([subject, rtnl, ...others].map((each) => each[Symbol.asyncDispose]()))
      },
    }
  },
}
