import { describe, expect, it } from 'vitest'
import { parseInterfaceAddress } from './address.js'
import { type PresentAddress, planAddresses } from './address-plan.js'

const wanted = (...texts: string[]) => texts.map((text) => parseInterfaceAddress(text, 'addresses'))

/** `~` marks a secondary address. */
const present = (...texts: string[]): PresentAddress[] =>
  texts.map((text) => ({
    ...parseInterfaceAddress(text.replace('~', ''), 'addresses'),
    isSecondary: text.startsWith('~'),
  }))

const stepsOf = (from: PresentAddress[], to: ReturnType<typeof wanted>): string[] =>
  planAddresses(from, to).steps.map(({ action, address }) => `${action} ${address}`)

describe('planAddresses', () => {
  it('adds before it removes', () => {
    expect(stepsOf(present('10.1.0.1/24'), wanted('10.2.0.1/24'))).toEqual([
      'add 10.2.0.1/24',
      'remove 10.1.0.1/24',
    ])
  })

  it('has an address stand in for itself while the only one of its network goes', () => {
    const plan = planAddresses(present('10.20.0.2/24'), wanted('10.20.0.3/24'))
    expect(plan).toEqual({
      addAddresses: ['10.20.0.3/24'],
      removeAddresses: ['10.20.0.2/24'],
      steps: [
        { action: 'add', address: '10.20.0.3/32' },
        { action: 'remove', address: '10.20.0.2/24' },
        { action: 'add', address: '10.20.0.3/24' },
        { action: 'remove', address: '10.20.0.3/32' },
      ],
      interrupted: ['10.20.0.0/24'],
      emptiesIPv4: false,
    })
  })

  it('removes secondary addresses before their first one, and adds them again', () => {
    const from = present('10.20.0.2/24', '10.7.0.1/32', '~10.20.0.9/24')
    expect(stepsOf(from, wanted('10.20.0.9/24', '10.7.0.1/32'))).toEqual([
      'remove 10.20.0.9/24',
      'remove 10.20.0.2/24',
      'add 10.20.0.9/24',
      'remove 10.7.0.1/32',
      'add 10.7.0.1/32',
    ])
  })

  it('leaves a first address alone when a secondary one goes', () => {
    const from = present('10.20.0.2/24', '~10.20.0.3/24', '~10.20.0.4/24')
    expect(stepsOf(from, wanted('10.20.0.2/24', '10.20.0.4/24'))).toEqual(['remove 10.20.0.3/24'])
  })

  it('brings IPv4 addresses into their order, and has no order of IPv6', () => {
    const from = present('10.1.0.1/32', '10.2.0.1/32', 'fd00::1/64', 'fd00::2/64')
    const to = wanted('10.2.0.1/32', '10.1.0.1/32', 'fd00::2/64', 'fd00::1/64')
    expect(stepsOf(from, to)).toEqual(['remove 10.1.0.1/32', 'add 10.1.0.1/32'])
  })

  it('tells when the last IPv4 address goes', () => {
    const plan = planAddresses(present('10.1.0.1/24', 'fd00::1/64'), wanted('fd00::1/64'))
    expect(plan).toMatchObject({ emptiesIPv4: true, removeAddresses: ['10.1.0.1/24'] })
    expect(planAddresses(present('fd00::1/64'), [])).toMatchObject({ emptiesIPv4: false })
  })

  it('removes an IPv6 address before it comes with another prefix length', () => {
    expect(stepsOf(present('fd00::1/64'), wanted('fd00::1/48'))).toEqual([
      'remove fd00::1/64',
      'add fd00::1/48',
    ])
  })

  it('has nothing to do', () => {
    const from = present('127.0.0.9/32', '10.1.0.1/24', '~10.1.0.2/24', 'fd00::1/64')
    const to = wanted('10.1.0.1/24', '10.1.0.2/24', '127.0.0.9/32', 'fd00::1/64', '10.1.0.1/24')
    expect(stepsOf(from, to)).toEqual([])
  })
})
