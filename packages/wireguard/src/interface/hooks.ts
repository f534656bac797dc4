import { runHookLine } from './hook-line.js'
import type { Hook, HookContext } from './interface-config.js'

/** Runs one hook to its end. @throws whatever the hook throws; `EIO` when a line ends with a status */
export async function runHook(hook: Hook, context: HookContext): Promise<void> {
  if (typeof hook === 'function') await hook(context)
  else await runHookLine(hook, context)
}

/** What a step that runs a hook is called. */
export const hookStep = (kind: string, hook: Hook): string =>
  typeof hook === 'string' ? `run ${kind}: ${hook}` : `run the ${kind} hook ${hook.name}`.trimEnd()
