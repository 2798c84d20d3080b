/** A real browser without a window, and what it says of a page: faults, requests, what assistive technology cannot use. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { isMissing } from '../compose/tool.fixture.ts'

const CHROMIUM = '/usr/bin/chromium'
/** Not under version control: to be looked at. */
export const ARTIFACTS = new URL('../../artifacts/', import.meta.url).pathname

export function noChromium(): boolean {
  return isMissing(CHROMIUM, '--version')
}

/** Nothing that a browser does by itself. */
const QUIET = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
export const LAUNCH = { executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', ...QUIET] }

export interface View {
  readonly width: number
  readonly scheme: 'light' | 'dark'
}

export const VIEWS: readonly View[] = [
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
]

/** A page, and all that was complained of or asked for since it was opened. */
interface Opened extends AsyncDisposable {
  readonly page: Page
  readonly complaints: readonly string[]
  readonly requests: readonly string[]
}

/** Writes a page before the tests of this block; they open it from its file, each with a profile of its own. */
export function writtenPage(write: () => Promise<string>): (view: View) => Promise<Opened> {
  let browser: Browser
  let url: string
  beforeAll(async () => {
    url = pathToFileURL(await write()).href
    browser = await chromium.launch(LAUNCH)
  })
  afterAll(() => browser.close())
  return (view) => open(browser, url, view)
}

/** It fits, has no barrier even where it is folded, complains of nothing, and asks for nothing but itself. A person finds it as `name`. */
export async function expectSound({ page, complaints, requests }: Opened, name: string, { width, scheme }: View): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true })
  await page.screenshot({ path: join(ARTIFACTS, `${name}-${width}-${scheme}.png`), fullPage: true })
  // Tables scroll in their frames, the page does not.
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
  expect(await barriers(page)).toEqual([])
  expect(complaints).toEqual([])
  expect(requests).toEqual([page.url()])
}

async function open(browser: Browser, url: string, { width, scheme }: View): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(url)
  return { page, complaints, requests, [Symbol.asyncDispose]: () => context.close() }
}

/** The serious and critical faults that axe finds, each with where it is. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  // Of the rest it would gather each element, megabytes of them.
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run({ resultTypes: ['violations'] })`)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`))
}
