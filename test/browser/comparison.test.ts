/** The page of runs side by side in a real browser, opened from its file. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compare, comparisonPage } from '#simulation/comparison/comparison.ts'
import { battle, parentFolder } from '#simulation/report/folder.fixture.ts'
import { RunRecord } from '#simulation/report/record.ts'
import { expectSound, noChromium, VIEWS, writtenPage } from './chromium.fixture.ts'

describe.skipIf(noChromium())('the page of runs side by side', () => {
  const parent = parentFolder()
  const open = writtenPage(async () => {
    const file = join(parent, 'compare.html')
    const runs = [await battle(parent), await battle(parent, ['hosts.host-2.memory=32MiB'])]
    writeFileSync(file, await comparisonPage(compare(runs.map((run) => RunRecord.read(run)))))
    return file
  })

  test.each(VIEWS)('opens without complaint, request or barrier, $width wide and $scheme, and fits', async (view) => {
    await using opened = await open(view)
    await expectSound(opened, 'compare', view)
    expect(await opened.page.locator('figure > svg').count()).toBeGreaterThan(5)
  })
})
