export * from './fake-device.js'
export * from './memory-backend.js'
