import { attributeSet, type Infer } from './attribute-set.js'
import { s64, u32, u64 } from './field.js'

/** What the kernel takes for an attribute. @source linux/netlink.h, enum netlink_policy_type_attr */
export const policyAttributes = attributeSet('netlink-policy', {
  type: u32(1),
  minValueS: s64(2),
  maxValueS: s64(3),
  minValueU: u64(4),
  maxValueU: u64(5),
  minLength: u32(6),
  maxLength: u32(7),
  mask: u64(12),
})

/** The same for a person: `0 to 128`, `32 bytes`, `bits 0x7`. */
export function policyText(policy: Infer<typeof policyAttributes>): string | undefined {
  if (policy.mask !== undefined) return `bits 0x${policy.mask.toString(16)}`
  const values = range(policy.minValueS ?? policy.minValueU, policy.maxValueS ?? policy.maxValueU)
  if (values !== undefined) return values
  const lengths = range(policy.minLength, policy.maxLength)
  return lengths && `${lengths} bytes`
}

function range(
  min: number | bigint | undefined,
  max: number | bigint | undefined,
): string | undefined {
  if (min === undefined) return max === undefined ? undefined : `at most ${max}`
  if (max === undefined) return `at least ${min}`
  return min === max ? String(min) : `${min} to ${max}`
}
