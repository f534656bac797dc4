import type { Hook, HookContext } from './interface-config.js'
import type { Machine } from './machine.js'
import type { HookRun } from './step-change.js'
import type { Step, Transaction } from './transaction.js'
import type { InterfaceOptions } from './up.js'
import type { InterfaceWarning } from './warning.js'

/**
 * Runs one hook to its end.
 *
 * @throws whatever the hook throws; `EIO` when a line ends with a status
 * @internal
 */
export async function runHook(hook: Hook, context: HookContext, machine: Machine): Promise<void> {
  if (typeof hook === 'function') await hook(context)
  else await machine.runHookLine(hook, context)
}

/** The step that runs a hook. */
const hookStep = (when: HookRun['when'], hook: Hook): Step =>
  typeof hook === 'string'
    ? { step: `run ${when}: ${hook}`, change: { kind: 'hook-run', when, line: hook } }
    : {
        step: `run the ${when} hook ${hook.name}`.trimEnd(),
        change: { kind: 'hook-run', when },
      }

/** Runs hooks as steps; lines of a file only when the caller said so. */
export async function runHooks(
  transaction: Transaction,
  kind: HookRun['when'],
  hooks: readonly Hook[],
  context: HookContext,
  machine: Machine,
  mode: InterfaceOptions['hooks'],
  warn: (warning: InterfaceWarning) => void,
): Promise<void> {
  for (const hook of hooks) {
    if (typeof hook === 'string' && mode !== 'shell') {
      const message = `${kind} is not run, as nobody asked for hooks: ${hook}`
      warn({ code: 'EHOOKS', message })
      continue
    }
    await transaction.step(hookStep(kind, hook), () => runHook(hook, context, machine))
  }
}
