import { fakeSocket } from './harnesses/fake-socket.js'
import { contract } from './suite.js'

contract(fakeSocket('boringtun'), { mostPeers: 1000 })
