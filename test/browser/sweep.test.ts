/** The page of a sweep in a real browser, opened from its file. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parentFolder } from '#simulation/report/folder.fixture.ts'
import { conclude } from '#simulation/sweep/conclusion.ts'
import { Threads } from '#simulation/sweep/crew.ts'
import { carryOut, createSweep } from '#simulation/sweep/sweep.ts'
import { TINY, tinySweep } from '#simulation/sweep/tiny.fixture.ts'
import { barriers, launch, noChromium, open, photograph, VIEWS } from './chromium.fixture.ts'

describe.skipIf(noChromium())('the page of a sweep', () => {
  const parent = parentFolder()
  let browser: Browser
  let url: string

  beforeAll(async () => {
    const sweep = tinySweep()
    using folder = createSweep(parent, TINY, sweep)
    await carryOut(folder, new Threads(sweep), new AbortController().signal, () => {})
    await conclude(folder)
    url = pathToFileURL(join(folder.path, 'sweep.html')).href
    browser = await launch()
  })

  afterAll(async () => {
    await browser.close()
  })

  test.each(VIEWS)('opens without complaint, request or barrier, $width wide and $scheme, and fits', async (view) => {
    await using opened = await open(browser, url, view)
    const { page, complaints, requests } = opened
    await photograph(page, `sweep-${view.width}-${view.scheme}`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(view.width)
    expect(await page.locator('figure > svg').count()).toBe(1)
    expect(await page.locator('svg.bar').count()).toBe(6)
    // Three levels by two, in each of four maps.
    expect(await page.locator('table.heat td').count()).toBe(24)
    await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
    expect(await page.locator('details tbody tr').count()).toBe(12)
    expect(await barriers(page)).toEqual([])
    expect(complaints).toEqual([])
    expect(requests).toEqual([url])
  })
})
