/**
 * Something that `up` or `down` could do without, and did:
 *
 * - `ENOFIREWALL`: the kernel has no nf_tables, and iptables-restore is not there, so packets that pretend to come from the
 *   tunnel are not dropped, and marks are not carried over to answers; of `down`: nobody could be asked whether there
 *   are any
 * - `ENODNS`: systemd-resolved does not run for this network namespace and no resolvconf is there, or the namespace has no place for them:
 *   name servers stay what they were
 * - `EFORWARDDROP`: a chain of another program drops what the interface is to forward
 * - `EHOOKS`: the config has lines for a shell, and the caller did not ask for one
 * - `ENOSAVE`: the daemon did not answer, so its state was not handed to `save`
 */
export interface InterfaceWarning {
  readonly code: 'ENOFIREWALL' | 'EFORWARDDROP' | 'ENODNS' | 'EHOOKS' | 'ENOSAVE'
  readonly message: string
}
