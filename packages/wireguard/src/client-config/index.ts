export { type ClientSide, type PeerConfigs, peerConfigs, type ServerSide } from './peer-configs.js'
