import { call } from './api.js'
import { clearErrors, element, onSubmit } from './page.js'

const LISTS = ['networks', 'dns', 'allowedIPs']
const NUMBERS = ['listenPort', 'persistentKeepalive']
const CHOICES = ['nat', 'betweenClients']

/** The settings, as fields of text: lists with commas. */
export class SettingsForm {
  #form = /** @type {HTMLFormElement} */ (element('#settings form'))

  constructor() {
    onSubmit(this.#form, async (fields) => {
      this.#say('')
      await call('PUT', 'settings', fromFields(fields))
      this.#say('Saved.')
    })
  }

  async load() {
    clearErrors(this.#form)
    this.#say('')
    const settings = await call('GET', 'settings')
    for (const [name, value] of Object.entries(settings)) {
      const input = this.#form.elements.namedItem(name)
      if (!(input instanceof HTMLInputElement)) continue
      if (typeof value === 'boolean') input.checked = value
      else input.value = Array.isArray(value) ? value.join(', ') : String(value)
    }
  }

  /** @param {string} words */
  #say(words) {
    element('.done', this.#form).textContent = words
  }
}

/**
 * A choice that is not made has no field.
 *
 * @param {Record<string, string>} fields
 */
const fromFields = (fields) => ({
  ...Object.fromEntries(CHOICES.map((name) => [name, name in fields])),
  ...Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => !CHOICES.includes(name))
      .map(([name, value]) => {
        if (LISTS.includes(name)) return [name, value.split(/[\s,]+/).filter((one) => one !== '')]
        return [name, NUMBERS.includes(name) ? Number(value) : value.trim()]
      }),
  ),
})
