/** A real browser for the dashboard's page, which notes whatever is wrong: errors, and requests that leave the machine. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { ARTIFACTS, barriers, LAUNCH } from './chromium.fixture.ts'

export type Scheme = 'light' | 'dark'
export const WIDE = { width: 1920, height: 1080 }
export const NARROW = { width: 360, height: 780 }
/** Networks of containers come and go beside these tests; Chromium drops then whatever it is loading, from this machine too. */
const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED'

export class Browser {
  readonly #folder: string
  readonly #context: BrowserContext
  readonly page: Page
  /** Errors in the page's console, failed requests, and requests that would leave the machine. */
  readonly troubles: string[] = []

  private constructor(folder: string, context: BrowserContext, page: Page) {
    this.#folder = folder
    this.#context = context
    this.page = page
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type()) || message.text().includes(NETWORK_CHANGED)) return
      this.troubles.push(`console: ${message.text()}`)
    })
    page.on('pageerror', (error) => this.troubles.push(`error: ${error.message}`))
    page.on('request', (request) => {
      if (!['127.0.0.1', 'localhost'].includes(new URL(request.url()).hostname)) this.troubles.push(`asks ${request.url()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 400) this.troubles.push(`${response.status()} for ${response.url()}`)
    })
  }

  static async open(): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'coldpool-browser-'))
    const context = await chromium.launchPersistentContext(folder, {
      ...LAUNCH,
      viewport: WIDE,
      colorScheme: 'dark',
    })
    return new Browser(folder, context, context.pages()[0] ?? (await context.newPage()))
  }

  async close(): Promise<void> {
    await this.#context.close()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Opens a page, or loads again the one that is open, until its document has come; the page sees to the rest of it. */
  async load(url?: string): Promise<void> {
    const options = { waitUntil: 'commit' } as const
    try {
      await (url === undefined ? this.page.reload(options) : this.page.goto(url, options))
    } catch (error) {
      if (!(error as Error).message.includes(NETWORK_CHANGED)) throw error
      await this.load(url)
    }
  }

  async show(viewport: { readonly width: number; readonly height: number }, scheme: Scheme): Promise<void> {
    await this.page.setViewportSize(viewport)
    await this.page.emulateMedia({ colorScheme: scheme })
    // Charts are drawn anew when they are seen.
    await this.page.waitForTimeout(100)
  }

  /** Into artifacts/, for a person to look at. */
  async shoot(name: string, selector?: string): Promise<void> {
    mkdirSync(ARTIFACTS, { recursive: true })
    const path = join(ARTIFACTS, `dashboard-${name}.png`)
    if (selector === undefined) return void (await this.page.screenshot({ path }))
    const part = this.page.locator(selector)
    await part.scrollIntoViewIfNeeded()
    await this.page.waitForTimeout(50)
    await part.screenshot({ path })
  }

  /** Of the mark that is chosen, the table of its mail: `quantum from to kind count`. */
  async mail(): Promise<string[]> {
    await this.page.locator('.sequence').waitFor()
    const summary = this.page.locator('.mail-view summary')
    await summary.focus()
    await this.page.keyboard.press('Enter')
    const quanta = await this.page.locator('.mails tbody th').allTextContents()
    const cells = await this.page.locator('.mails tbody td').allTextContents()
    return quanta.map((words, i) => {
      // `quantum 3,011, heard …`.
      const quantum = /[\d,]+/.exec(words)![0].replaceAll(',', '')
      return [quantum, ...cells.slice(5 * i, 5 * i + 4)].join(' ')
    })
  }

  /** What axe finds that is serious or critical. */
  faults(): Promise<string[]> {
    return barriers(this.page)
  }
}
