/** Fakes for the tests of programs that use wgctrl: none of them touches the machine. */
export type { BackendOperation, Counter } from '@wgctrl/types'
export * from '@wgctrl/types/testing'
export { type FakeImplementation, FakeUapiServer } from '@wgctrl/uapi/testing'
export {
  type MemoryLink,
  MemoryMachine,
  type MemoryRoute,
  type MemoryState,
} from './memory-machine.js'
