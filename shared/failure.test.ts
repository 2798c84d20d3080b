import { describe, expect, it } from 'vitest'
import { ColdpoolError, InvariantError } from './errors.ts'
import { errorOf, failureOf } from './failure.ts'
import { ScenarioError } from './scenario/problems.ts'

const problem = (n: number): ColdpoolError => new ColdpoolError('CP_SCENARIO_SHAPE', `hosts.${n}`, `got ${n}`, 'a host')

describe('an error that goes to another thread or process', () => {
  it.each([
    ['a mistake of the user', problem(1)],
    ['a scenario with several problems', new ScenarioError([problem(1), problem(2)], 'a.yaml')],
    [
      'more problems than are listed',
      new ScenarioError(
        Array.from({ length: 50 }, (_, n) => problem(n)),
        'a.yaml',
      ),
    ],
    ['a broken invariant', new InvariantError('a page is in one state')],
    ['whatever else', new TypeError('x is not a function')],
  ])('is the same when it comes out: %s', (_, error) => {
    const got = errorOf(JSON.parse(JSON.stringify(structuredClone(failureOf(error)))) as ReturnType<typeof failureOf>)
    expect(got.message).toBe(error.message)
    for (const form of [ColdpoolError, ScenarioError, InvariantError]) expect(got instanceof form).toBe(error instanceof form)
    if (error instanceof ColdpoolError || error instanceof ScenarioError) expect(got).toEqual(error)
    else expect(got.stack).toBe(error.stack)
  })

  it('may be no error at all', () => expect(errorOf(failureOf('gone')).message).toBe('gone'))
})
