import { fakeSocket } from './harnesses/fake-socket.js'
import { contract } from './suite.js'

contract(fakeSocket('wireguard-go'))
// The tier `contract-long` has more.
contract(fakeSocket('boringtun'), { mostPeers: 1000, manyPeers: 500 })
