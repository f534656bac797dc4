import { errorText } from '../error-text.js'
import { Notifier, type NotifierOptions } from './notifier.js'

/** A command that runs until it is told to end. */
export interface Service {
  /** Resolves once it does what it is there for. */
  start(): Promise<void>
  /** Reads its files again. */
  reload(): Promise<void>
  /** One line on how it goes. */
  status(): string
  /** Resolves when it ends by itself, rejects when it fails. Absent: it never does. */
  readonly ended?: Promise<void> | undefined
  /** Lets go of everything. Also called after a start that failed. */
  stop(): Promise<void>
}

/** What a service hears. */
interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown
  off(signal: NodeJS.Signals, listener: () => void): unknown
}

export interface ServiceOptions extends NotifierOptions {
  /** Absent: this process. */
  readonly signals?: SignalSource | undefined
}

/** Milliseconds between looks at the status line where no watchdog wants to know more often. */
const STATUS_INTERVAL = 5000

/**
 * Runs a service: SIGTERM and SIGINT end it, SIGHUP has it read its files again, and the service manager
 * hears of it all.
 *
 * @throws what its start throws, and what ends it
 */
export async function runService(service: Service, options: ServiceOptions): Promise<void> {
  const { signals = process, warn } = options
  let [isStarted, isToReload, isEnding] = [false, false, false]
  const reload = (): void => void readAgain(service, notifier, warn, () => isEnding)
  // Files that are read in a start may change before it is over: they are read again behind it.
  const told = waitForSignals(signals, () => {
    if (isStarted) reload()
    else isToReload = true
  })
  const notifier = await Notifier.open(options)
  let timer: NodeJS.Timeout | undefined
  try {
    const started = service.start()
    // A start may take long, and be given up.
    if ((await Promise.race([started.then(() => 'started'), told.ended])) !== 'started') {
      started.catch(() => {})
      return
    }
    isStarted = true
    notifier.ready(service.status())
    if (isToReload) reload()
    timer = signOfLife(service, notifier)
    await Promise.race([told.ended, service.ended ?? new Promise(() => {})])
  } finally {
    clearInterval(timer)
    isEnding = true
    notifier.stopping()
    try {
      await service.stop()
    } finally {
      told.stop()
      notifier.close()
    }
  }
}

function waitForSignals(signals: SignalSource, onHangUp: () => void) {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const listeners = [
    ['SIGTERM', end],
    ['SIGINT', end],
    ['SIGHUP', onHangUp],
  ] as const
  for (const [signal, listener] of listeners) signals.on(signal, listener)
  const stop = (): void => {
    for (const [signal, listener] of listeners) signals.off(signal, listener)
  }
  return { ended, stop }
}

/** @param isEnding whether the service ends meanwhile, which cuts it short: that is no failure, nor is it ready again */
async function readAgain(
  service: Service,
  notifier: Notifier,
  warn: (text: string) => void,
  isEnding: () => boolean,
): Promise<void> {
  notifier.reloading()
  try {
    await service.reload()
  } catch (error) {
    if (!isEnding()) warn(`reload: ${errorText(error)}`)
  }
  if (!isEnding()) notifier.ready(service.status())
}

/** Half the time that the watchdog gives, as sd_watchdog_enabled(3) has it. */
function signOfLife(service: Service, notifier: Notifier): NodeJS.Timeout {
  const { watchdog } = notifier
  const tell = (): void => {
    notifier.status(service.status())
    if (watchdog !== undefined) notifier.alive()
  }
  const interval = watchdog === undefined ? STATUS_INTERVAL : watchdog / 2
  return setInterval(tell, Math.min(STATUS_INTERVAL, interval))
}
