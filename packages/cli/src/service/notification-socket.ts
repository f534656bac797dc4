/// <reference path="./unix-dgram.d.ts" />
/** Datagrams to the service manager. */
export interface NotificationSocket {
  send(text: string): void
  close(): void
}

/** What `unix-dgram` exports, as far as it is used. */
export type Datagrams = typeof import('unix-dgram').default

/** Bytes of a path that fit into a socket address, its NUL included: longer ones would be cut. */
const LONGEST_PATH = 108

/** How many datagrams wait for a receiver whose queue is full. */
const MOST_WAITING = 16

/**
 * Opens the socket that `NOTIFY_SOCKET` names.
 *
 * @throws {Error} in words for the user: without `unix-dgram` or a receiver, or for an address that is no path
 * @source sd_notify(3): the address is a path, or abstract when it begins with `@`
 */
export async function openNotificationSocket(
  path: string,
  load: () => Promise<Datagrams> = loadDatagrams,
): Promise<NotificationSocket> {
  if (!path.startsWith('/') || Buffer.byteLength(path) >= LONGEST_PATH) {
    throw new Error(`${JSON.stringify(path)} is no path of a socket`)
  }
  const socket = (await load()).createSocket('unix_dgram')
  let failure: Error | undefined
  socket.on('error', (error: Error) => {
    failure = error
  })
  socket.connect(path)
  if (failure) {
    socket.close()
    throw new Error(`nobody listens at ${path} (${failure.message})`)
  }
  return new DatagramQueue(socket)
}

async function loadDatagrams(): Promise<Datagrams> {
  try {
    return (await import('unix-dgram')).default
  } catch {
    throw new Error('the npm package unix-dgram is not installed, or not compiled')
  }
}

/** Sends in order; what the receiver has no room for waits. */
class DatagramQueue implements NotificationSocket {
  readonly #socket: ReturnType<Datagrams['createSocket']>
  #waiting: string[] = []

  constructor(socket: ReturnType<Datagrams['createSocket']>) {
    this.#socket = socket
    socket.on('writable', () => {
      for (const text of this.#waiting.splice(0)) this.send(text)
    })
  }

  send(text: string): void {
    if (this.#waiting.length > 0) {
      this.#wait(text)
      return
    }
    this.#socket.send(Buffer.from(text), (error) => {
      // Any other failure means that the manager is gone, which is nothing that a service ends for.
      if (error?.code === 1) this.#wait(text)
    })
  }

  close(): void {
    this.#socket.close()
  }

  #wait(text: string): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(text)
  }
}
