import { reasonWithin } from '@wgctrl/types'

/**
 * An error for a line that names the program and the command: not by the library's call that failed, and with
 * the device where the text does not name it.
 */
export function errorText(error: unknown): string {
  const reason = reasonWithin(error)
  const { device } = (error ?? {}) as { readonly device?: unknown }
  if (typeof device !== 'string' || reason.split(/[^\w=+.-]+/).includes(device)) return reason
  return `${device}: ${reason}`
}

/** The same of a file, which the reason may name: it is named once. */
export function fileErrorText(file: string, error: unknown): string {
  const reason = reasonWithin(error)
  return reason.includes(file) ? reason : `${file}: ${reason}`
}
