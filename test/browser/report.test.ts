/** The report of a run in a real browser, opened from its file. */
import { describe, expect, test } from 'vitest'
import { battle, INJECTED, parentFolder } from '#simulation/report/folder.fixture.ts'
import { writeReport } from '#simulation/report/report.ts'
import { expectSound, noChromium, VIEWS, writtenPage } from './chromium.fixture.ts'

describe.skipIf(noChromium())('the report of a run', () => {
  const parent = parentFolder()
  const open = writtenPage(async () => writeReport(await battle(parent, [], INJECTED)))

  test.each(VIEWS)('opens without complaint, request or barrier, $width wide and $scheme, and fits', async (view) => {
    await using opened = await open(view)
    await expectSound(opened, 'report', view)
    const charts = await opened.page.locator('figure > svg').all()
    expect(charts.length).toBeGreaterThan(15)
    for (const chart of charts) {
      const box = await chart.boundingBox()
      expect(box!.width).toBeGreaterThan(300)
      expect(box!.height).toBeGreaterThan(120)
    }
  })

  test('can be walked with the keyboard: past the head, into tables, and what is folded opens', async () => {
    await using opened = await open(VIEWS[0]!)
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
      await using opened = await open({ width: 1280, scheme })
      return await opened.page.evaluate<string>(
        `getComputedStyle(document.querySelector('figure svg path[stroke="#0072b2"]')).stroke`,
      )
    }
    expect([await shadeOf('light'), await shadeOf('dark')]).toEqual(['rgb(0, 114, 178)', 'rgb(74, 163, 224)'])
  })
})
