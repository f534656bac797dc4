export * from './bytes.js'
export { FakeKernel, type FakeKernelOptions } from './fake-kernel.js'
export { type FakeTransport, fakeTransport, type KernelFunction } from './fake-transport.js'
