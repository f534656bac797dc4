import type { Family } from '@wgctrl/types'

/** Address families as numbers. @source linux/socket.h */
const AF = { unspec: 0, inet: 2, inet6: 10 } as const

export const familyNumber = (family: Family): number => (family === 4 ? AF.inet : AF.inet6)

export const familyOf = (number: number): Family => (number === AF.inet6 ? 6 : 4)
