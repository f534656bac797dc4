import { Refused } from './api.js'

/**
 * The element that a selector stands for, which has to be there.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [within]
 */
export function element(selector, within = document) {
  const found = within.querySelector(selector)
  if (!found) throw new Error(`no ${selector}`)
  return /** @type {T} */ (found)
}

/**
 * Calls `save` with the form's fields, and says beside the form what the server refused.
 *
 * @param {HTMLFormElement} form
 * @param {(fields: Record<string, string>) => Promise<void>} save
 */
export function onSubmit(form, save) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(
      [...new FormData(form)].map(([name, value]) => [name, `${value}`]),
    )
    await trying(form, () => save(fields))
  })
}

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} work
 */
export async function trying(form, work) {
  const buttons = form.querySelectorAll('button')
  clearErrors(form)
  for (const button of buttons) button.disabled = true
  try {
    await work()
  } catch (error) {
    showError(form, error)
  } finally {
    for (const button of buttons) button.disabled = false
  }
}

/** @param {HTMLFormElement} form */
export function clearErrors(form) {
  element('.error', form).textContent = ''
  for (const input of form.querySelectorAll('input')) input.removeAttribute('aria-invalid')
}

/**
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
function showError(form, error) {
  element('.error', form).textContent = error instanceof Error ? error.message : String(error)
  // `dns.servers[0]` is of the field `dns`.
  const name = error instanceof Refused ? error.path?.match(/^\w+/)?.[0] : undefined
  const input = name && form.elements.namedItem(name)
  if (!(input instanceof HTMLInputElement)) return
  input.setAttribute('aria-invalid', 'true')
  input.focus()
}

/**
 * @param {string} text
 * @param {string} action what the button says
 * @returns {Promise<boolean>}
 */
export async function confirmed(text, action) {
  const dialog = /** @type {HTMLDialogElement} */ (element('#question-dialog'))
  element('#question', dialog).textContent = text
  element('[value=yes]', dialog).textContent = action
  dialog.returnValue = 'no'
  dialog.showModal()
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
  return dialog.returnValue === 'yes'
}

/** Buttons that close the dialog they are in. */
export function wireCloseButtons() {
  for (const button of document.querySelectorAll('dialog .close')) {
    button.addEventListener('click', () => button.closest('dialog')?.close())
  }
}
