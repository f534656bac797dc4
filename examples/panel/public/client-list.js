import { call } from './api.js'
import { stateOf, stateWords } from './client-state.js'
import { ago, bytes, dateTime, perSecond } from './format.js'
import { element } from './page.js'

/** @typedef {import('./client-state.js').Client} Client */

/** The table of clients. Rows are changed in place: whoever is on one with the keyboard stays there. */
export class ClientList {
  /** @type {Map<number, Client>} */
  clients = new Map()
  /** @type {Map<number, HTMLTableRowElement>} */
  #rows = new Map()
  #body = element('.clients tbody')
  #search = /** @type {HTMLInputElement} */ (element('.search input'))
  #open

  /** @param {(client: Client) => void} open shows one client */
  constructor(open) {
    this.#open = open
    this.#search.addEventListener('input', () => this.#filter())
    // "2 minutes ago" gets older by itself.
    setInterval(() => this.#refresh(), 10_000)
  }

  /** @param {{ clients: Client[], gone: number[], isAll: boolean }} news */
  update({ clients, gone, isAll }) {
    if (isAll)
      this.#remove([...this.clients.keys()].filter((id) => !clients.some((one) => one.id === id)))
    this.#remove(gone)
    for (const client of clients) this.clients.set(client.id, client)
    for (const client of clients) this.#show(client)
    this.#sort()
    this.#filter()
    this.#summarise()
  }

  /** @param {number[]} ids */
  #remove(ids) {
    for (const id of ids) {
      this.clients.delete(id)
      this.#rows.get(id)?.remove()
      this.#rows.delete(id)
    }
  }

  #refresh() {
    for (const client of this.clients.values()) this.#show(client)
  }

  /** @param {Client} client */
  #show(client) {
    const row = this.#rows.get(client.id) ?? this.#makeRow(client.id)
    const words = { name: client.name, address: client.addresses.join(', ') }
    setText(row, '.name', words.name)
    setText(row, '.address', words.address)
    setText(row, '.state span', stateWords(client))
    setText(row, '.state small', remark(client))
    setText(row, '.download', perSecond(client.transmitRate ?? 0))
    setText(row, '.upload', perSecond(client.receiveRate ?? 0))
    setText(row, '.total', totals(client))
    element('.state', row).dataset['state'] = stateOf(client)
    const box = /** @type {HTMLInputElement} */ (element('.enabled input', row))
    box.checked = client.enabled
    box.setAttribute('aria-label', `${client.name}: enabled`)
  }

  /** @param {number} id */
  #makeRow(id) {
    const template = /** @type {HTMLTemplateElement} */ (element('#client-row'))
    const row = /** @type {HTMLTableRowElement} */ (
      element('tr', /** @type {DocumentFragment} */ (template.content.cloneNode(true)))
    )
    element('.name', row).addEventListener('click', () => {
      const client = this.clients.get(id)
      if (client) this.#open(client)
    })
    const box = /** @type {HTMLInputElement} */ (element('.enabled input', row))
    box.addEventListener('change', async () => {
      box.disabled = true
      try {
        await call('PATCH', `clients/${id}`, { enabled: box.checked })
      } catch {
        box.checked = !box.checked
      }
      box.disabled = false
    })
    this.#rows.set(id, row)
    this.#body.append(row)
    return row
  }

  #sort() {
    const sorted = [...this.clients.values()].sort(
      (one, other) => one.name.localeCompare(other.name) || one.id - other.id,
    )
    sorted.forEach(({ id }, at) => {
      const row = this.#rows.get(id)
      const there = this.#body.children[at] ?? null
      if (row && row !== there) this.#body.insertBefore(row, there)
    })
  }

  #filter() {
    const wanted = this.#search.value.trim().toLowerCase()
    let shown = 0
    for (const [id, { name, addresses }] of this.clients) {
      const row = this.#rows.get(id)
      if (!row) continue
      row.hidden = ![name, ...addresses].some((text) => text.toLowerCase().includes(wanted))
      if (!row.hidden) shown++
    }
    const nobody = element('#nobody')
    nobody.hidden = shown > 0
    nobody.textContent = wanted ? 'No client is called so.' : 'There are no clients yet.'
    element('.clients').hidden = shown === 0
  }

  #summarise() {
    const all = [...this.clients.values()]
    const connected = all.filter((client) => stateOf(client) === 'connected').length
    const sum = (/** @type {'transmitRate' | 'receiveRate'} */ rate) =>
      all.reduce((total, client) => total + (client[rate] ?? 0), 0)
    const rates = `↓ ${perSecond(sum('transmitRate'))}  ↑ ${perSecond(sum('receiveRate'))}`
    element('#summary').textContent = `${connected} of ${all.length} connected · ${rates}`
  }
}

/** @param {Client} client */
const totals = ({ received, transmitted }) =>
  received + transmitted === 0 ? '–' : `${bytes(transmitted)} ↓ ${bytes(received)} ↑`

/** @param {Client} client */
function remark(client) {
  const state = stateOf(client)
  if (state === 'expired') return `since ${dateTime(client.expires ?? 0)}`
  const { lastHandshake, expires } = client
  const seen = state !== 'connected' && lastHandshake ? [`seen ${ago(lastHandshake)}`] : []
  return [...seen, ...(expires === null ? [] : [`until ${dateTime(expires)}`])].join(', ')
}

/**
 * @param {Element} row
 * @param {string} selector
 * @param {string} text
 */
function setText(row, selector, text) {
  const found = element(selector, row)
  if (found.textContent !== text) found.textContent = text
}
