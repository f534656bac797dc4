import { visible } from '../visible-text.js'
import { type NotificationSocket, openNotificationSocket } from './notification-socket.js'

/** Where a service's notifications go, by its environment. */
export interface NotifierOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  /** Told once when notifications cannot be sent. */
  warn(text: string): void
  /** Absent: a datagram socket. @internal */
  readonly openSocket?: ((path: string) => Promise<NotificationSocket>) | undefined
}

/**
 * Tells the service manager how the service is. Without a manager, or a way to reach it, nothing is told.
 *
 * @source sd_notify(3)
 */
export class Notifier {
  readonly #socket: NotificationSocket | undefined
  /** Milliseconds within which the manager wants a sign of life; absent: never. */
  readonly watchdog: number | undefined
  #status = ''

  private constructor(socket: NotificationSocket | undefined, watchdog: number | undefined) {
    this.#socket = socket
    this.watchdog = socket && watchdog
  }

  static async open(options: NotifierOptions): Promise<Notifier> {
    const { env, pid, warn, openSocket = openNotificationSocket } = options
    const path = env['NOTIFY_SOCKET']
    if (!path) return new Notifier(undefined, undefined)
    try {
      return new Notifier(await openSocket(path), watchdogOf(env, pid))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      warn(`the service manager is told nothing: ${reason}`)
      return new Notifier(undefined, undefined)
    }
  }

  ready(status: string): void {
    this.#status = status
    this.#send('READY=1', statusLine(status))
  }

  /** One line on how it goes; told only when it differs from the last. */
  status(status: string): void {
    if (status === this.#status) return
    this.#status = status
    this.#send(statusLine(status))
  }

  /** Followed by {@link ready}. @source sd_notify(3): MONOTONIC_USEC is the clock of CLOCK_MONOTONIC */
  reloading(): void {
    const microseconds = process.hrtime.bigint() / 1000n
    this.#send('RELOADING=1', `MONOTONIC_USEC=${microseconds}`)
  }

  alive(): void {
    this.#send('WATCHDOG=1')
  }

  stopping(): void {
    this.#send('STOPPING=1')
  }

  close(): void {
    this.#socket?.close()
  }

  #send(...variables: string[]): void {
    this.#socket?.send(variables.join('\n'))
  }
}

const statusLine = (status: string): string => `STATUS=${visible(status.replaceAll('\n', ' '))}`

/** @source sd_watchdog_enabled(3): WATCHDOG_PID, where it is set, says whom it is meant for */
function watchdogOf(env: NotifierOptions['env'], pid: number): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = env
  if (WATCHDOG_PID && Number(WATCHDOG_PID) !== pid) return undefined
  const microseconds = Number(WATCHDOG_USEC)
  return microseconds > 0 && Number.isFinite(microseconds) ? microseconds / 1000 : undefined
}
