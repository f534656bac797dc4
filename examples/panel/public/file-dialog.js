import { element } from './page.js'

/**
 * Shows a client's file, which nobody has but this page: it is forgotten when the dialog is closed.
 *
 * @param {{ name: string, file: string, qr: string }} made
 */
export function showFile({ name, file, qr }) {
  const dialog = /** @type {HTMLDialogElement} */ (element('#file-dialog'))
  const picture = /** @type {HTMLImageElement} */ (element('.qr', dialog))
  const link = /** @type {HTMLAnchorElement} */ (element('a.button', dialog))
  const text = /** @type {HTMLTextAreaElement} */ (element('textarea', dialog))
  const url = URL.createObjectURL(new Blob([file], { type: 'text/plain' }))
  element('#file-title').textContent = `The file of ${name}`
  picture.src = `data:image/svg+xml,${encodeURIComponent(qr)}`
  picture.alt = `QR code of the file of ${name}`
  text.value = file
  link.href = url
  link.download = `${fileName(name)}.conf`
  dialog.showModal()
  dialog.addEventListener(
    'close',
    () => {
      URL.revokeObjectURL(url)
      picture.removeAttribute('src')
      text.value = ''
    },
    { once: true },
  )
}

/**
 * Apps make the name of the tunnel of it: 15 characters at most, of few kinds.
 *
 * @param {string} name
 */
const fileName = (name) =>
  name
    .normalize('NFKD')
    .replace(/[^\w=+.-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 15) || 'client'
