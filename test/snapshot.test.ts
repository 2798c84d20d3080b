import { describe, expect, test } from 'vitest'
import type { Scenario } from '#shared/scenario.ts'
import { expectAlike, run, type Result } from './cluster.fixture.ts'
import { HOMECOMING, randomScenarios, STORM } from './scenario.fixture.ts'

describe('killed and restored from its snapshots, a run ends as if nothing had happened', () => {
  const scenarios = [STORM, HOMECOMING, ...randomScenarios(20).slice(0, 12)].map(
    (scenario, i) => [i < 2 ? scenario.name : `random scenario ${i - 1}`, scenario] as const,
  )
  const undisturbed = new Map<string, Promise<Result>>()
  const plain = (name: string, scenario: Scenario): Promise<Result> => {
    const running = undisturbed.get(name) ?? run(scenario)
    undisturbed.set(name, running)
    return running
  }

  test.each(scenarios)('%s, at half time, and its snapshots are detached from what goes on', async (name, scenario) => {
    const { digests, quanta } = await plain(name, scenario)
    const half = Math.floor(quanta / 2)
    const restarted = await run(scenario, { snapshots: 'objects', restart: (grants) => grants === half })
    expect(restarted).toMatchObject({ restarts: 1, spoiled: 0 })
    expect(restarted.digests).toEqual(digests)
  })

  test.each(scenarios)('%s, again and again, spread over three stages', async (name, scenario) => {
    const { digests } = await plain(name, scenario)
    await expectAlike(scenario, digests)
  })

  test.each([STORM, HOMECOMING])('$name, at every third quantum', async (scenario) => {
    const { digests, quanta } = await plain(scenario.name, scenario)
    const restarted = await run(scenario, { restart: (grants) => grants % 3 === 2 })
    expect(restarted.restarts).toBeGreaterThanOrEqual(Math.floor(quanta / 3))
    expect(restarted.digests).toEqual(digests)
  })
})
