import { expect, it } from 'vitest'
import { globalOptions, takeGlobals, toGlobals } from './globals.js'
import { main } from './main.js'
import { fakeIo } from './testing.fixture.js'

it.each([
  [['show'], {}, ['show']],
  [['--backend', 'userspace', 'show', '--json'], { backend: 'userspace' }, ['show', '--json']],
  [['--backend=linux-kernel', '--netns=a=b'], { backend: 'linux-kernel', netns: 'a=b' }, []],
  [['--unsafe-permissions', 'set', '--netns'], { unsafePermissions: true }, ['set', '--netns']],
  [['--help'], {}, ['--help']],
])('%j: options before the command', (words, raw, rest) => {
  expect(takeGlobals(words)).toEqual({ raw, rest })
})

it('a namespace in digits is a pid', () => {
  expect(toGlobals({ netns: '17' }).netns).toBe(17)
  expect(toGlobals({ netns: 'blue' })).toEqual({ backend: undefined, netns: 'blue', trust: {} })
})

it.each([
  [['--backend'], '--backend: expected a value'],
  [['--backend', 'bsd', 'show'], '--backend: expected linux-kernel or userspace, got "bsd"'],
  [['watch', '--backend', 'bsd'], '--backend: expected linux-kernel or userspace, got "bsd"'],
])('%j is refused', async (words, text) => {
  const io = fakeIo()
  expect(await main(words, io)).toBe(1)
  expect(io.written.err).toBe(`wgctrl: ${text}\n`)
})

it('are named by the help of the program', async () => {
  const io = fakeIo()
  await main(['--help'], io)
  for (const { flags } of globalOptions) expect(io.written.out).toContain(flags)
})

it('as wg there are none', async () => {
  const io = fakeIo()
  expect(await main(['--backend', 'userspace', 'show'], io, 'wg')).toBe(1)
  expect(io.written.err).toMatch("Invalid subcommand: `--backend'")
})
