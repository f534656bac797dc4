export {
  type ConnectionOptions,
  type ConnectionPeer,
  type ConnectionState,
  connectionState,
  isConnected,
} from './connection-state.js'
export type { WaitForHandshakeOptions } from './wait-for-handshake.js'
