import { open } from 'wgctrl'

/** The devices: of this process, which has to be root then. */
export const openWireGuard = () => open()
