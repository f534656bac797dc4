// The contract on named pipes, as a program for Node on Windows: `bundle.mjs` puts a small runner in vitest's place.
import { facadeOver } from '../contract/harnesses/facade.js'
import { contract } from '../contract/suite.js'
import { fakePipe } from './fake-pipe.js'
import { machine } from './machine.js'

contract(fakePipe, { mostPeers: 1000 })
contract(facadeOver(fakePipe), { mostPeers: 500 })
machine()
