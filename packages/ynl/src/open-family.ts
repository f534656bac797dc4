import { readFile } from 'node:fs/promises'
import { Family, type FamilyOptions } from './family/family.js'
import type { Spec } from './spec/model.js'
import { readSpec } from './spec/read-spec.js'

/**
 * Reads a spec from a file.
 *
 * @throws {SpecError} `EINVAL` for what is no spec; it names file, line and path
 */
export async function readSpecFile(path: string): Promise<Spec> {
  return readSpec(await readFile(path, 'utf8'), path)
}

/**
 * Opens the family that a spec describes.
 *
 * @param spec the spec, or the path of its file
 * @throws {SpecError} `EINVAL` for what is no spec
 * @throws {NetlinkError} ENOENT when the kernel has no such family
 * @example
 * ```ts
 * import { openFamily } from '@wgctrl/ynl'
 *
 * const netdev = await openFamily('/usr/src/linux/Documentation/netlink/specs/netdev.yaml')
 * for await (const device of netdev.dump('dev-get')) console.log(device['ifindex'])
 * await netdev.close()
 * ```
 */
export async function openFamily(spec: Spec | string, options?: FamilyOptions): Promise<Family> {
  const read = typeof spec === 'string' ? await readSpecFile(spec) : spec
  return await Family.open(read, options)
}
