import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { PASSWORD } from './panel-process.js'

const PROGRAM = '/usr/bin/chromium-headless-shell'

/** Debian's own. It runs as root in a network of its own, where it reaches nothing but the panel. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

/** A tab of somebody who is logged in. */
export async function openTab(browser: Browser, url: string): Promise<Tab> {
  const tab = new Tab(await browser.newPage({ viewport: { width: 1100, height: 720 } }))
  await tab.page.goto(url)
  await tab.logIn()
  return tab
}

/** The page, by what people see and press. */
export class Tab {
  readonly page: Page
  /** What the page's scripts complained of. */
  readonly complaints: string[] = []

  constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(patience.timeout)
    page.on('pageerror', (error) => this.complaints.push(String(error)))
  }

  async logIn(password: string = PASSWORD): Promise<void> {
    await this.page.getByLabel('Password').fill(password)
    await this.page.getByRole('button', { name: 'Log in' }).click()
  }

  row(name: string): Locator {
    return this.page
      .getByRole('row')
      .filter({ has: this.page.getByRole('button', { name, exact: true }) })
  }

  /** Adds a client, and gives its file as it was downloaded. The dialog stays open. */
  async add(name: string): Promise<string> {
    await this.page.getByRole('button', { name: 'Add a client' }).click()
    const dialog = this.page.getByRole('dialog')
    await dialog.getByLabel('Name').fill(name)
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    return this.download()
  }

  async download(): Promise<string> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('link', { name: 'Download' }).click(),
    ])
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('dialog').last().getByRole('button', { name, exact: true }).click()
  }

  /** Waits until a client is shown with a state. */
  async shows(name: string, state: string): Promise<void> {
    await expect
      .poll(() => this.row(name).locator('.state span').textContent(), patience)
      .toBe(state)
  }
}

/** A second, the default, would be a test of the machine. */
const patience = { timeout: 120_000 }
