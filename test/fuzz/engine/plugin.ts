/**
 * Has vite count which places of the packages' sources an input reaches: what guides the fuzzing. The
 * compiler is loaded when it is needed, not by every run of every tier.
 */
export const countPlaces = {
  name: 'count-places',
  enforce: 'pre' as const,
  async transform(code: string, id: string): Promise<{ code: string; map: string } | undefined> {
    if (!/\/packages\/\w+\/src\/.*\.ts$/.test(id)) return undefined
    const { instrument } = await import('./instrument.js')
    return instrument(code, id)
  },
}
