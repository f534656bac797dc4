import { defineConfig } from 'tsup'
import { library } from '../../tsup.base.js'

const config: ReturnType<typeof defineConfig> = defineConfig({
  ...library,
  entry: ['src/index.ts', 'src/runtime.ts', 'src/bin.ts'],
})

export default config
