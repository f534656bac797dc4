import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { unsupported } from '@wgctrl/types'
import type { Hook, HookContext } from './interface-config.js'
import { runInNamespace } from './namespace.js'
import { findProgram, programError, statusOf } from './program.js'

/** Runs one hook to its end. @throws whatever the hook throws; `EIO` when a line ends with a status */
export async function runHook(hook: Hook, context: HookContext): Promise<void> {
  if (typeof hook === 'function') await hook(context)
  else await runLine(hook, context)
}

/** What a step that runs a hook is called. */
export const hookStep = (kind: string, hook: Hook): string =>
  typeof hook === 'string' ? `run ${kind}: ${hook}` : `run the ${kind} hook ${hook.name}`.trimEnd()

/**
 * The one place where a shell runs, and only what a config file has in it. Standard input is empty,
 * output goes where that of this process goes.
 */
async function runLine(line: string, { name, netns, signal }: HookContext): Promise<void> {
  const bash = await findProgram('bash')
  if (!bash) throw unsupported('hooks', 'lines of hooks are run by bash, which is not installed')
  const command = line.replaceAll('%i', name)
  const child = await runInNamespace(netns, () =>
    spawn(bash, ['-c', command], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, LC_ALL: 'C' },
      ...(signal && { signal }),
    }),
  )
  await once(child, 'spawn')
  const status = await statusOf(child)
  if (status !== 0) throw programError(command, status, '')
}
