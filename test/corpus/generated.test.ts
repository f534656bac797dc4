import { afterAll, beforeAll, expect } from 'vitest'
import { configFiles } from '../cli/suite.js'
import { type RunOptions, runProgram } from '../cli/wg.js'
import { wireguardGo } from '../contract/harnesses/wireguard-go.js'
import { VERSION } from './kept.js'
import { furnish } from './programs.js'
import { sidRoot, versionIn } from './sid.mjs'
import { World } from './world.js'

/** For the three commands together. */
const files = Number(process.env.WGCTRL_CORPUS_FILES ?? 5000)

let world: World
let root = ''

beforeAll(async () => {
  world = await World.make()
  root = await sidRoot()
  await furnish(root, world.folder)
  expect(await versionIn(root)).toBe(VERSION)
  // Files for both are made in here.
  process.env.TMPDIR = world.folder
})
afterAll(() => world[Symbol.asyncDispose]())

const wgOfRoot = (words: readonly string[], options?: RunOptions) =>
  runProgram('chroot', [root, '/usr/bin/wg', ...words], options)

const perCommand = Math.ceil(files / 12) * 4
configFiles(wireguardGo, { files: perCommand, seconds: 3000 }, { run: wgOfRoot, clears: true })
