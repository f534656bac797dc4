import { expect, it, vi } from 'vitest'
import { commands } from './commands.js'
import { main } from './main.js'
import { fakeIo } from './testing.fixture.js'
import { wgCommands } from './wg/commands.js'

it('has each command once', () => {
  const names = commands.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

it('as wg has the commands of wg(8) alone', async () => {
  for (const { name, isOfWg } of commands) {
    expect(isOfWg === true).toBe(wgCommands.some((each) => each.name === name))
    if (isOfWg) continue
    const io = fakeIo()
    expect(await main([name], io, 'wg')).toBe(1)
    expect(io.written.err).toMatch(`Invalid subcommand: \`${name}'\nUsage: wg <cmd>`)
  }
})

it('no other command parses its words by itself: they are not looked for before commander is loaded', () => {
  for (const { name, grammar, isOfWg } of commands)
    expect([name, grammar === 'words']).toEqual([name, isOfWg === true])
})

it('every command loads', async () => {
  for (const { load } of commands) expect(await load()).toBeTypeOf('function')
})

it('tells what it did not expect, and fails', async () => {
  const io = fakeIo()
  const stdin = { ...io.stdin, read: () => Promise.reject(new Error('the disk is gone')) }
  expect(await main(['pubkey'], { ...io, stdin })).toBe(1)
  expect(io.written.err).toBe('wgctrl: the disk is gone\n')
})

it('ends as SIGPIPE ends a program when nobody reads', async () => {
  const io = fakeIo()
  const write = vi.fn(() => {
    throw Object.assign(new Error('broken pipe'), { code: 'EPIPE' })
  })
  expect(await main(['genkey'], { ...io, stdout: { ...io.stdout, write } })).toBe(141)
  expect(io.written.err).toBe('')
})

it('shows help of a command of wg(8) on standard output', async () => {
  const io = fakeIo()
  expect(await main(['set', '--help'], io)).toBe(0)
  expect(io.written.out).toMatch(/^Usage: wgctrl set <interface> .*allowed-ips/)
  expect(io.written.err).toBe('')
})
