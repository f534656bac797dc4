import { parseAddress } from '@wgctrl/types'

/** @source resolv.conf(5); a domain never holds white space, which would begin another word there */
const DOMAIN = /^(?!-)[a-zA-Z0-9_.~-]{1,254}$/

/** An address, of IPv6 also with the link that it is reached by: `fe80::1%wg0`. @source resolv.conf(5) */
export function isNameServer(text: string): boolean {
  const [, address = text] = /^([^%]*:[^%]*)%[\w.=+-]{1,15}$/.exec(text) ?? []
  return parseAddress(address) !== undefined
}

export function isSearchDomain(text: string): boolean {
  return DOMAIN.test(text)
}
