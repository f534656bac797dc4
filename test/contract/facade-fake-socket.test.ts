import { facadeBehindAnother, facadeOver } from './harnesses/facade.js'
import { fakeSocket } from './harnesses/fake-socket.js'
import { contract } from './suite.js'

contract(facadeOver(fakeSocket('wireguard-go')), { mostPeers: 1000 })
contract(facadeBehindAnother(fakeSocket('wireguard-go')), { mostPeers: 1000 })
