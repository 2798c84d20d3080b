import { expect, test } from 'vitest'
import { Truth } from './truth.ts'

const QUANTUM_NS = 1e6

test('lateness is the mean over a sixteenth of the pages, from the begin of the last episode, and is none where it ended', () => {
  const truth = new Truth(QUANTUM_NS)
  for (const page of [0, 1, 16, 1_600_000]) truth.begin(page, 0)
  truth.begin(16, 10 * QUANTUM_NS)
  for (const page of [0, 32, 3_200_000]) truth.end(page)
  const restored = new Truth(QUANTUM_NS)
  restored.restore(structuredClone(truth.snapshot()))
  for (const it of [truth, restored]) {
    it.promote(0, 50 * QUANTUM_NS)
    it.promote(1, 50 * QUANTUM_NS)
    it.promote(16, 50 * QUANTUM_NS)
    it.promote(1_600_000, 100 * QUANTUM_NS)
    it.promote(3_200_000, 50 * QUANTUM_NS)
    // Its episode is over.
    it.promote(16, 90 * QUANTUM_NS)
  }
  expect(truth.latenessMs).toBe((40 + 100) / 2)
  expect(restored.snapshot()).toEqual(truth.snapshot())
  expect([truth.episodes, truth.promotedHot]).toEqual([5, 6])
})
