export * from './batch.js'
export * from './bytes.js'
export { FakeKernel, type FakeKernelOptions, type FakeLink } from './fake-kernel.js'
export { type FakeTransport, fakeTransport, type KernelFunction } from './fake-transport.js'
