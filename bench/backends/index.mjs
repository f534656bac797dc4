/**
 * What differs between the backends: how devices are opened, read bare, decoded and discarded.
 *
 * @param {string} kind
 */
export async function loadBackend(kind) {
  if (kind === 'kernel') return await import('./kernel.mjs')
  if (kind === 'userspace') return await import('./userspace.mjs')
  throw new Error(`no such backend: ${kind}; there are kernel and userspace`)
}
