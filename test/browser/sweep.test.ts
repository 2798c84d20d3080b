/** The page of a sweep in a real browser, opened from its file. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parentFolder } from '#simulation/report/folder.fixture.ts'
import { conclude } from '#simulation/sweep/conclusion.ts'
import { Threads } from '#simulation/sweep/crew.ts'
import { carryOut, createSweep } from '#simulation/sweep/sweep.ts'
import { TINY, tinySweep } from '#simulation/sweep/tiny.fixture.ts'
import { expectSound, noChromium, VIEWS, writtenPage } from './chromium.fixture.ts'

describe.skipIf(noChromium())('the page of a sweep', () => {
  const parent = parentFolder()
  const open = writtenPage(async () => {
    const sweep = tinySweep()
    using folder = createSweep(parent, TINY, sweep)
    await carryOut(folder, new Threads(sweep), new AbortController().signal, () => {})
    await conclude(folder)
    return join(folder.path, 'sweep.html')
  })

  test.each(VIEWS)('opens without complaint, request or barrier, $width wide and $scheme, and fits', async (view) => {
    await using opened = await open(view)
    await expectSound(opened, 'sweep', view)
    const { page } = opened
    expect(await page.locator('figure > svg').count()).toBe(1)
    expect(await page.locator('svg.bar').count()).toBe(6)
    // Three levels by two, in each of four maps.
    expect(await page.locator('table.heat td').count()).toBe(24)
    expect(await page.locator('details tbody tr').count()).toBe(12)
  })
})
