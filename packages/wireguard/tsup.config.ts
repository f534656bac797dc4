import { copyFileSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { library } from '../../tsup.base.js'

const config: ReturnType<typeof defineConfig> = defineConfig({
  ...library,
  entry: ['src/index.ts', 'src/testing/index.ts'],
  // It is bundled, for those who serve or connect, and its licence asks for its notice.
  onSuccess: async () =>
    copyFileSync('node_modules/@msgpack/msgpack/LICENSE', 'dist/LICENSE-msgpack'),
})

export default config
