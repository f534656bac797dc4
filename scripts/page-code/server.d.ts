import type { WireGuard } from 'wgctrl'

export function serve(wg: WireGuard, clients: string[]): Promise<void>
