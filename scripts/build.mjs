import { prepareWorkspace } from './workspace.mjs'

try {
  await prepareWorkspace()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
