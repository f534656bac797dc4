import { inNamespace, type Namespace } from '@wgctrl/netlink'

export type { Namespace }

/**
 * Runs `body`, which has to be synchronous, with this thread in a network namespace: what it opens or
 * starts belongs there. Files below /proc/sys/net are those of the namespace of whoever opens them.
 */
export async function runInNamespace<T>(netns: Namespace | undefined, body: () => T): Promise<T> {
  return netns === undefined ? body() : inNamespace(netns, body)
}

/** The name by which ip-netns(8) knows a namespace, if it is given by one. */
export function namespaceName(netns: Namespace | undefined): string | undefined {
  if (typeof netns !== 'string') return undefined
  if (!netns.includes('/')) return netns
  return /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(netns)?.[1]
}
