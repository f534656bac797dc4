export type { FakeImplementation } from './fake-daemon.js'
export { FakeUapiServer } from './fake-uapi-server.js'
