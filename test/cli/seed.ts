/** What a run is made from: printed, and taken from WGCTRL_SEED to have it again. */
export function withSeed(): { readonly seed: number } {
  const { WGCTRL_SEED } = process.env
  const seed = WGCTRL_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(WGCTRL_SEED)
  console.info(`WGCTRL_SEED=${seed}`)
  return { seed }
}
