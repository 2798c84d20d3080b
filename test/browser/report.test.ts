/** The report of a run in a real browser, opened from its file. */
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { battle, INJECTED, parentFolder } from '#simulation/report/folder.fixture.ts'
import { writeReport } from '#simulation/report/report.ts'
import { barriers, launch, noChromium, open, photograph, VIEWS } from './chromium.fixture.ts'

describe.skipIf(noChromium())('the report of a run', () => {
  const parent = parentFolder()
  let browser: Browser
  let url: string

  beforeAll(async () => {
    url = pathToFileURL(await writeReport(await battle(parent, [], INJECTED))).href
    browser = await launch()
  })

  afterAll(async () => {
    await browser.close()
  })

  test.each(VIEWS)('opens without complaint or request, $width wide and $scheme, and fits', async (view) => {
    await using opened = await open(browser, url, view)
    const { page, complaints, requests } = opened
    await photograph(page, `report-${view.width}-${view.scheme}`)
    expect(complaints).toEqual([])
    expect(requests).toEqual([url])
    // Tables scroll in their frames, the page does not.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(view.width)
    const charts = await page.locator('figure > svg').all()
    expect(charts.length).toBeGreaterThan(15)
    for (const chart of charts) {
      const box = await chart.boundingBox()
      expect(box!.width).toBeGreaterThan(300)
      expect(box!.height).toBeGreaterThan(120)
    }
  })

  test.each(VIEWS)('has nothing that assistive technology cannot use, $width wide and $scheme', async (view) => {
    await using opened = await open(browser, url, view)
    // What is folded away has to be usable too.
    await opened.page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
    expect(await barriers(opened.page)).toEqual([])
  })

  test('can be walked with the keyboard: past the head, into tables, and what is folded opens', async () => {
    await using opened = await open(browser, url, VIEWS[0]!)
    const { page } = opened
    const focused = page.locator(':focus')
    await page.keyboard.press('Tab')
    expect(await focused.textContent()).toBe('Skip to the content')
    expect((await focused.boundingBox())!.x).toBe(0)
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused.getAttribute('aria-label')).toBe('Devices')
    await page.locator('summary').first().focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('details').first().getAttribute('open')).toBe('')
  })

  test('shows colours for the scheme: the same curve has another shade on a dark card', async () => {
    const shadeOf = async (scheme: 'light' | 'dark'): Promise<string> => {
      await using opened = await open(browser, url, { width: 1280, scheme })
      return await opened.page.evaluate<string>(
        `getComputedStyle(document.querySelector('figure svg path[stroke="#0072b2"]')).stroke`,
      )
    }
    expect([await shadeOf('light'), await shadeOf('dark')]).toEqual(['rgb(0, 114, 178)', 'rgb(74, 163, 224)'])
  })
})
