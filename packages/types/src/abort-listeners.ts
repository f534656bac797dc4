/** What listens for one signal, with the one listener that the signal has. */
interface Ear {
  readonly listeners: Set<() => void>
  hear(): void
}

const ears = new WeakMap<AbortSignal, Ear>()

/**
 * Hears of an abort. However many listen for one signal, it has one listener: Node warns of a signal with more
 * than ten, which is no leak in a program that makes as many calls at once.
 *
 * @returns ends the listening
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const ear = ears.get(signal) ?? listenTo(signal)
  ear.listeners.add(listener)
  return () => {
    ear.listeners.delete(listener)
    if (ear.listeners.size > 0 || ears.get(signal) !== ear) return
    signal.removeEventListener('abort', ear.hear)
    ears.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Ear {
  const listeners = new Set<() => void>()
  const hear = (): void => {
    for (const listener of [...listeners]) listener()
  }
  const ear = { listeners, hear }
  ears.set(signal, ear)
  signal.addEventListener('abort', hear, { once: true })
  return ear
}
