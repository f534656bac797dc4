import { LivePeers } from './live-peers.mjs'

/** Milliseconds between what tabs are told. */
const INTERVAL = 1000
/** Bytes that a tab may leave unread. It comes again, and gets all. */
const MOST_UNREAD = 1 << 20

/** @typedef {{ response: import('node:http').ServerResponse, isAllowed: () => boolean }} Tab */

/**
 * What all open tabs are told each second: the clients of the database, which any process may change, and how they
 * stand on the device. Both are looked at once for all tabs, and not at all when there is none.
 */
export class Live {
  #clients
  #tunnel
  #peers
  /** @type {Set<Tab>} */
  #tabs = new Set()
  /** By client: the JSON that the tabs have. @type {Map<number, string>} */
  #told = new Map()
  /** @type {string | undefined} */
  #toldProblem
  /** @type {NodeJS.Timeout | undefined} */
  #timer

  /**
   * @param {import('./wireguard.mjs').Machine} machine
   * @param {string} name of the device
   * @param {import('./clients.mjs').Clients} clients
   * @param {import('./tunnel.mjs').Tunnel} tunnel
   */
  constructor(machine, name, clients, tunnel) {
    this.#peers = new LivePeers(machine, name)
    this.#clients = clients
    this.#tunnel = tunnel
  }

  /** @param {Tab} tab */
  open(tab) {
    const { response } = tab
    const headers = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }
    response.writeHead(200, headers)
    response.once('close', () => this.#leave(tab))
    this.#peers.start()
    this.#tell()
    response.write(frame([...this.#told.values()], [], this.#toldProblem, true))
    this.#tabs.add(tab)
    this.#timer ??= setInterval(() => this.#tell(), INTERVAL)
  }

  close() {
    for (const { response } of this.#tabs) response.end()
  }

  #tell() {
    const changed = []
    const gone = new Set(this.#told.keys())
    for (const client of this.#clients.list()) {
      const text = JSON.stringify({ ...client, ...this.#peers.stateOf(client.publicKey) })
      gone.delete(client.id)
      if (this.#told.get(client.id) === text) continue
      this.#told.set(client.id, text)
      changed.push(text)
    }
    for (const id of gone) this.#told.delete(id)
    const { problem } = this.#tunnel
    const isNews = changed.length > 0 || gone.size > 0 || problem !== this.#toldProblem
    this.#toldProblem = problem
    // A comment keeps the connection from being taken for a dead one.
    this.#send(isNews ? frame(changed, [...gone], problem, false) : ':\n\n')
  }

  /** @param {string} text */
  #send(text) {
    for (const { response, isAllowed } of this.#tabs) {
      if (!isAllowed() || response.writableLength > MOST_UNREAD) response.destroy()
      else response.write(text)
    }
  }

  /** @param {Tab} tab */
  #leave(tab) {
    this.#tabs.delete(tab)
    if (this.#tabs.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#told.clear()
    this.#peers.stop()
  }
}

/**
 * @param {string[]} clients JSON of each that changed
 * @param {number[]} gone
 * @param {string | undefined} problem
 * @param {boolean} isAll what is not among them is gone
 */
const frame = (clients, gone, problem, isAll) =>
  `data: {"clients":[${clients}],"gone":[${gone}],"problem":${JSON.stringify(problem ?? null)},"isAll":${isAll}}\n\n`
