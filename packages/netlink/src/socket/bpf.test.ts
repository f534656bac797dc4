import { describe, expect, it } from 'vitest'
import { BPF, BPF_AD, encodeBpf } from './bpf.js'

describe('encodeBpf', () => {
  it('gives what `tcpdump -dd` gives for such a program', () => {
    const program = [
      { code: BPF.loadHalf, jt: 0, jf: 0, k: 12 },
      { code: BPF.jumpIfEqual, jt: 0, jf: 5, k: 0x86dd },
      { code: BPF.loadHeaderLength, jt: 0, jf: 0, k: 14 },
      { code: BPF.jumpIfSet, jt: 6, jf: 0, k: 0x1fff },
      { code: BPF.loadHalfAtX, jt: 0, jf: 0, k: 16 },
      { code: BPF.return, jt: 0, jf: 0, k: 0x40000 },
    ]
    expect(encodeBpf(program).toString('hex').match(/.{16}/g)).toEqual([
      '280000000c000000',
      '15000005dd860000',
      'b10000000e000000',
      '45000600ff1f0000',
      '4800000010000000',
      '0600000000000400',
    ])
  })

  it('writes ancillary offsets as the unsigned words that they are', () => {
    const load = { code: BPF.loadWord, jt: 0, jf: 0, k: BPF_AD.packetType }
    expect(encodeBpf([load]).toString('hex')).toBe('2000000004f0ffff')
  })
})
