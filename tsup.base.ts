import type { Options } from 'tsup'

/** What every package builds: ESM and CJS with declarations, for the oldest Node that is supported. */
export const library: Options = {
  format: ['esm', 'cjs'],
  // tsup's declaration build sets baseUrl, which TypeScript 6 deprecates.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  clean: true,
  splitting: true,
  target: 'node20.19',
  platform: 'node',
}
