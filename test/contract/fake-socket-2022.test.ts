import { fakeSocket } from './harnesses/fake-socket.js'
import { contract } from './suite.js'

contract(fakeSocket('wireguard-go-2022'), { mostPeers: 1000 })
