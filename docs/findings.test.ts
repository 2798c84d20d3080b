import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EXPERIMENTS } from '#experiments/catalogue.ts'
import { trialsOf } from '#experiments/study.ts'
import { runVariants } from '#simulation/variants.ts'
import { FINDINGS_FILE, seal } from './findings.ts'

const text = readFileSync(FINDINGS_FILE, 'utf8')

test.each(EXPERIMENTS.map(({ name }) => name))('the finding of %s is of the models as they are', async (name) => {
  const experiment = EXPERIMENTS.find((one) => one.name === name)!
  const [outcome] = await runVariants(trialsOf(experiment, 1).slice(0, 1))
  expect(text, 'npm run findings').toContain(seal(name, outcome!.verdict.digest))
})

test('there is no other finding', () => {
  expect([...text.matchAll(/^## (.*)$/gm)].map(([, name]) => name)).toEqual(EXPERIMENTS.map(({ name }) => name))
})
