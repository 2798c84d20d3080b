/** The page of runs side by side in a real browser, opened from its file. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compare, comparisonPage } from '#simulation/comparison/comparison.ts'
import { battle, parentFolder } from '#simulation/report/folder.fixture.ts'
import { RunRecord } from '#simulation/report/record.ts'
import { barriers, launch, noChromium, open, photograph, VIEWS } from './chromium.fixture.ts'

describe.skipIf(noChromium())('the page of runs side by side', () => {
  const parent = parentFolder()
  const file = join(parent, 'compare.html')
  const url = pathToFileURL(file).href
  let browser: Browser

  beforeAll(async () => {
    const runs = [await battle(parent), await battle(parent, ['hosts.host-2.memory=32MiB'])]
    writeFileSync(file, await comparisonPage(compare(runs.map((run) => RunRecord.read(run)))))
    browser = await launch()
  })

  afterAll(async () => {
    await browser.close()
  })

  test.each(VIEWS)('opens without complaint, request or barrier, $width wide and $scheme, and fits', async (view) => {
    await using opened = await open(browser, url, view)
    const { page, complaints, requests } = opened
    await photograph(page, `compare-${view.width}-${view.scheme}`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(view.width)
    expect(await page.locator('figure > svg').count()).toBeGreaterThan(5)
    await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
    expect(await barriers(page)).toEqual([])
    expect(complaints).toEqual([])
    expect(requests).toEqual([url])
  })
})
