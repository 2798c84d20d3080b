import { describe, expect, test } from 'vitest'
import { assert, ColdpoolError, ERRORS, InvariantError, type ErrorCode } from './errors.ts'

describe('errors', () => {
  test('that a user or a peer can cause have a code, and say where, what and what was expected', () => {
    const error = new ColdpoolError('CP_DATA', 'data/traces/redis.trace', 'the file ends too early', 'the file as built')
    expect(error.message).toBe('CP_DATA data/traces/redis.trace: the file ends too early; expected the file as built')
    expect(error).toMatchObject({ code: 'CP_DATA', where: 'data/traces/redis.trace', expected: 'the file as built' })
  })

  test.each(Object.entries(ERRORS))('%s means: %s', (code, meaning) => {
    expect(code).toMatch(/^CP_[A-Z]+(_[A-Z]+)*$/)
    expect(meaning).toMatch(/^(a|the) [^\n]+[^.\n]$/)
    expect(new ColdpoolError(code as ErrorCode, 'here', 'x', 'y').message).toBe(`${code} here: x; expected y`)
  })

  test('of ours are asserted', () => {
    expect(() => assert(1 + 1 === 2, 'sums are right')).not.toThrow()
    expect(() => assert(false, 'slots are counted')).toThrow(new InvariantError('slots are counted'))
  })
})
