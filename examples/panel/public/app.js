import { call, loggedOut } from './api.js'
import { ClientDialog } from './client-dialog.js'
import { ClientList } from './client-list.js'
import { showFile } from './file-dialog.js'
import { fromField } from './format.js'
import { clearErrors, element, onSubmit, wireCloseButtons } from './page.js'
import { SettingsForm } from './settings-form.js'

const login = element('#login')
const panel = element('#panel')
const loginForm = /** @type {HTMLFormElement} */ (element('form', login))
const addDialog = /** @type {HTMLDialogElement} */ (element('#add-dialog'))
const addForm = /** @type {HTMLFormElement} */ (element('form', addDialog))
const settings = new SettingsForm()
const dialog = new ClientDialog()
const list = new ClientList((client) => dialog.open(client))
/** @type {EventSource | undefined} */
let events

wireCloseButtons()

onSubmit(loginForm, async ({ password }) => {
  await call('POST', 'login', { password })
  loginForm.reset()
  await begin()
})

onSubmit(addForm, async ({ name, expires = '' }) => {
  const made = await call('POST', 'clients', { name, expires: fromField(expires) })
  addDialog.close()
  showFile(made)
})

element('#add').addEventListener('click', () => {
  addForm.reset()
  clearErrors(addForm)
  addDialog.showModal()
})

element('#log-out').addEventListener('click', async () => {
  await call('POST', 'logout')
  end()
})

loggedOut.addEventListener('now', end)
addEventListener('hashchange', showView)
// A tab that nobody sees is told nothing, and holds none of the few connections of the browser.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) disconnect()
  else if (!panel.hidden) connect()
})

await begin()

/** Shows the panel to whoever is logged in. */
async function begin() {
  try {
    await settings.load()
  } catch {
    return end()
  }
  login.hidden = true
  panel.hidden = false
  await showView()
  connect()
}

function end() {
  disconnect()
  const dialogs = document.querySelectorAll('dialog')
  for (const each of dialogs) each.close()
  panel.hidden = true
  login.hidden = false
  element('input', login).focus()
}

async function showView() {
  const isSettings = location.hash === '#settings'
  // Before they are shown: nothing that somebody types is overwritten.
  if (isSettings && !panel.hidden) await settings.load()
  element('#clients').hidden = isSettings
  element('#settings').hidden = !isSettings
  for (const link of document.querySelectorAll('nav a')) {
    const isHere = (link.getAttribute('href') === '#settings') === isSettings
    if (isHere) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

function connect() {
  disconnect()
  events = new EventSource('/api/events')
  events.addEventListener('message', ({ data }) => {
    const news = JSON.parse(data)
    list.update(news)
    dialog.update(list.clients)
    showProblem(news.problem)
  })
  events.addEventListener('error', async () => {
    showProblem('The panel does not answer. Trying again.')
    // A server that refuses, unlike one that is away, ends the source for good: the session is over.
    if (events?.readyState === EventSource.CLOSED) await settings.load().then(connect, () => {})
  })
}

function disconnect() {
  events?.close()
  events = undefined
}

/** @param {string | null} problem */
function showProblem(problem) {
  const banner = element('#problem')
  banner.hidden = problem === null
  banner.textContent = problem
}
