/**
 * Something that `up` could do without, and did:
 *
 * - `ENOFIREWALL`: neither nft nor iptables-restore is there, so packets that pretend to come from the
 *   tunnel are not dropped, and marks are not carried over to answers
 * - `ENODNS`: neither resolvconf nor systemd-resolved is there, or the namespace has no place for them:
 *   name servers stay what they were
 * - `EHOOKS`: the config has lines for a shell, and the caller did not ask for one
 */
export interface InterfaceWarning {
  readonly code: 'ENOFIREWALL' | 'ENODNS' | 'EHOOKS'
  readonly message: string
}
