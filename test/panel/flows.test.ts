import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, openTab, type Tab } from './browser.js'
import { HelperProcess, PanelProcess } from './panel-process.js'
import { Phone, SERVER } from './phone.js'
import { FAR_HOST, makeStage, socketFolder } from './stage.js'

/** Who is added first, and deleted last. */
const ALICE = 'Alice’s phone'

let helper: HelperProcess
let panel: PanelProcess
let browser: Browser
let tab: Tab
let otherTab: Tab
let phone: Phone

beforeAll(async () => {
  const data = await makeStage()
  const socket = join(socketFolder(), 'wg.sock')
  helper = await HelperProcess.start(socket)
  panel = await PanelProcess.start(data, 8080, socket)
  phone = await Phone.plugIn(0)
  browser = await openBrowser()
  tab = await openTab(browser, panel.url)
  otherTab = await openTab(browser, panel.url)
})

afterAll(async () => {
  await browser.close()
  await phone[Symbol.asyncDispose]()
  await panel.stop()
  await helper.stop()
  expect([...tab.complaints, ...otherTab.complaints]).toEqual([])
  expect(panel.complaints).toBe('')
})

it('says which setting is wrong, at its field', async () => {
  await tab.page.getByRole('link', { name: 'Settings' }).click()
  await tab.page.getByLabel('Where clients reach it').fill(SERVER)
  const dns = tab.page.getByLabel('Name servers')
  await dns.fill('9.9.9.9, nobody')
  await tab.page.getByRole('button', { name: 'Save' }).click()
  await tab.page.getByText('dns.servers[1]').waitFor()
  expect(await dns.getAttribute('aria-invalid')).toBe('true')
  await dns.fill('9.9.9.9')
  await tab.page.getByRole('button', { name: 'Save' }).click()
  await tab.page.getByText('Saved.').waitFor()
  await tab.page.getByRole('link', { name: 'Clients' }).click()
})

it('adds a client, whose file and QR code are the same and connect it', async () => {
  const file = await tab.add(ALICE)
  expect(file).toContain('DNS = 9.9.9.9')
  expect(file).toBe(`# ${ALICE}\n\n${await pictured(tab)}`)
  await tab.press('Done')
  await phone.connect(file)
  expect(await phone.reaches()).toBe(true)
  await tab.shows(ALICE, 'Connected')
  const going = phone.reaches(undefined, 30)
  await expect
    .poll(() => otherTab.row(ALICE).locator('.download').textContent(), { timeout: 120_000 })
    .toMatch(/^[\d.]+ kB\/s$/)
  expect(await going).toBe(true)
})

it('lets clients reach what the machine reaches, while that is wanted', async () => {
  expect(await phone.reaches(FAR_HOST)).toBe(true)
  await tab.page.getByRole('link', { name: 'Settings' }).click()
  const nat = tab.page.getByLabel('Clients reach what this machine reaches')
  for (const isWanted of [false, true]) {
    await nat.setChecked(isWanted)
    await tab.page.getByRole('button', { name: 'Save' }).click()
    await tab.page.getByText('Saved.').waitFor()
    expect(await phone.reaches(FAR_HOST)).toBe(isWanted)
  }
  await tab.page.getByRole('link', { name: 'Clients' }).click()
})

it('cuts a client off that is disabled, tells all tabs, and lets it in again', async () => {
  await tab.row(ALICE).getByRole('checkbox').click()
  await otherTab.shows(ALICE, 'Disabled')
  await phone.isCut(true)
  await otherTab.row(ALICE).getByRole('checkbox').click()
  await phone.isCut(false)
  await tab.shows(ALICE, 'Connected')
})

it('cuts a client off that expires', async () => {
  await change('Expires', '2020-01-01T00:00')
  await otherTab.shows(ALICE, 'Expired')
  await phone.isCut(true)
  await change('Expires', '')
  await phone.isCut(false)
})

it('makes new keys for a client, and the old ones good for nothing', async () => {
  await open(ALICE)
  await tab.press('New keys')
  await tab.press('Make new keys')
  const file = await tab.download()
  await tab.press('Done')
  await phone.isCut(true)
  await phone.disconnect()
  await phone.connect(file)
  await phone.isCut(false)
})

it('plots what a client sent', async () => {
  await open(ALICE)
  const plot = tab.page.getByRole('img', { name: /^Download [\d.]+ kB, upload [\d.]+ kB$/ })
  const steps = { Hour: 'in 1 min', Day: 'in 15 min', Month: 'in 6 hours' }
  for (const [range, step] of Object.entries(steps)) {
    await tab.page.getByRole('button', { name: range, exact: true }).click()
    await plot.locator('text', { hasText: step }).waitFor()
  }
  await tab.page.keyboard.press('Escape')
})

it('deletes a client, and gives its address to the next one', async () => {
  await open(ALICE)
  await tab.press('Delete')
  await tab.press('Delete')
  await otherTab.row(ALICE).waitFor({ state: 'detached' })
  await phone.isCut(true)
  expect(await tab.add('Bob')).toContain('Address = 10.8.0.2/32')
  await tab.press('Done')
})

it('shows nothing to whoever logged out, in any tab', async () => {
  await tab.page.getByRole('button', { name: 'Log out' }).click()
  await tab.page.getByLabel('Password').waitFor()
  await tab.logIn('something else')
  await tab.page.getByText('This is not the password.').waitFor()
})

const open = (name: string) => tab.page.getByRole('button', { name, exact: true }).click()

async function change(field: string, value: string): Promise<void> {
  await open(ALICE)
  await tab.page.getByRole('dialog').getByLabel(field).fill(value)
  await tab.press('Save')
  await tab.page.getByRole('dialog').waitFor({ state: 'hidden' })
}

/** What the QR code on the page says, as a camera sees it. */
async function pictured({ page }: Tab): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'qr-')), 'qr.png')
  await page.locator('.qr').screenshot({ path })
  const { stdout } = await promisify(execFile)('zbarimg', ['--raw', '-q', path])
  // The program ends what it reads with a line feed of its own.
  return stdout.slice(0, -1)
}
