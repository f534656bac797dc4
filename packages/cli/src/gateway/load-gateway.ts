/** @throws {Error} in words for the user */
export async function loadGateway(): Promise<typeof import('@wgctrl/gateway')> {
  try {
    return await import('@wgctrl/gateway')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error(
      'a gateway needs the package @wgctrl/gateway, which is not there: npm install --global @wgctrl/gateway',
      { cause: error },
    )
  }
}
