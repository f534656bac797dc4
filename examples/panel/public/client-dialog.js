import { call } from './api.js'
import { stateWords } from './client-state.js'
import { showFile } from './file-dialog.js'
import { ago, bytes, dateTime, fromField, toField } from './format.js'
import { clearErrors, confirmed, element, onSubmit, trying } from './page.js'
import { drawPlot } from './plot.js'

/** @typedef {import('./client-state.js').Client} Client */

/** Milliseconds: how often an open plot is drawn anew. */
const INTERVAL = 10_000

/** One client: how it stands, what it sent, and what can be done about it. */
export class ClientDialog {
  #dialog = /** @type {HTMLDialogElement} */ (element('#client-dialog'))
  #form = /** @type {HTMLFormElement} */ (element('form', this.#dialog))
  /** @type {Client | undefined} */
  #client
  #range = 'hour'

  constructor() {
    onSubmit(this.#form, async ({ name, expires = '' }) => {
      await call('PATCH', this.#path, { name, expires: fromField(expires) })
      this.#dialog.close()
    })
    element('#renew').addEventListener('click', () => this.#renew())
    element('#delete').addEventListener('click', () => this.#delete())
    for (const button of this.#dialog.querySelectorAll('.ranges button')) {
      button.addEventListener('click', () =>
        this.#choose(/** @type {HTMLButtonElement} */ (button).value),
      )
    }
    setInterval(() => this.#plot(), INTERVAL)
    addEventListener('resize', () => this.#plot())
  }

  get #path() {
    return `clients/${this.#client?.id}`
  }

  /** @param {Client} client */
  open(client) {
    this.#client = client
    clearErrors(this.#form)
    field(this.#form, 'name').value = client.name
    field(this.#form, 'expires').value = toField(client.expires)
    this.#showFacts(client)
    element('.plot', this.#dialog).replaceChildren()
    this.#dialog.showModal()
    this.#plot()
  }

  /** @param {Map<number, Client>} clients as they are now */
  update(clients) {
    if (!this.#dialog.open || !this.#client) return
    const now = clients.get(this.#client.id)
    if (!now) this.#dialog.close()
    else this.#showFacts(now)
  }

  /** @param {Client} client */
  #showFacts(client) {
    element('#client-title').textContent = client.name
    const facts = Object.entries({
      State: stateWords(client),
      Address: client.addresses.join(', '),
      'Comes from': client.endpoint ?? '–',
      'Last handshake': client.lastHandshake ? ago(client.lastHandshake) : '–',
      'In all': `${bytes(client.transmitted)} down, ${bytes(client.received)} up`,
      Expires: client.expires === null ? 'never' : dateTime(client.expires),
      'Public key': client.publicKey,
    })
    element('.facts', this.#dialog).replaceChildren(
      ...facts.flatMap(([term, fact]) => [make('dt', term), make('dd', fact)]),
    )
  }

  /** @param {string} range */
  #choose(range) {
    this.#range = range
    for (const button of this.#dialog.querySelectorAll('.ranges button')) {
      const isChosen = /** @type {HTMLButtonElement} */ (button).value === range
      button.setAttribute('aria-pressed', String(isChosen))
    }
    this.#plot()
  }

  async #plot() {
    if (!this.#dialog.open) return
    const [path, range] = [this.#path, this.#range]
    const plot = await call('GET', `${path}/traffic?range=${range}`).catch(() => undefined)
    // Another one was asked for meanwhile.
    if (!plot || path !== this.#path || range !== this.#range) return
    drawPlot(element('.plot', this.#dialog), plot)
  }

  async #renew() {
    const text = `New keys for ${this.#client?.name}? What has the old file is cut off.`
    if (!(await confirmed(text, 'Make new keys'))) return
    await trying(this.#form, async () => {
      const made = await call('POST', `${this.#path}/keys`)
      this.#dialog.close()
      showFile(made)
    })
  }

  async #delete() {
    const text = `Delete ${this.#client?.name} and its history? Its address becomes free.`
    if (!(await confirmed(text, 'Delete'))) return
    await trying(this.#form, async () => {
      await call('DELETE', this.#path)
      this.#dialog.close()
    })
  }
}

/**
 * @param {string} tag
 * @param {string} text
 */
function make(tag, text) {
  const made = document.createElement(tag)
  made.textContent = text
  return made
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
const field = (form, name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name))
