import type { WireGuard } from 'wgctrl'

export function countConnected(wg: WireGuard, name: string): Promise<number>
