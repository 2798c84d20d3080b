import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseContent } from '../content.ts'
import { content, writtenContent } from './content.ts'

const stored = z.object({ content: content('') })
const written = z.object({ content: writtenContent('') })

const canonical = (schema: typeof stored, value: unknown): string => schema.parse({ content: value }).content
const problemOf = (schema: typeof stored, value: unknown) => {
  const issue = schema.safeParse({ content: value }).error?.issues[0]
  return {
    path: issue?.path.join('.'),
    problem: issue?.code === 'custom' ? issue.params?.['problem'] : undefined,
    expected: issue?.message,
  }
}

describe('content', () => {
  it.each([
    ['redis_json', 'redis_json'],
    ['zero', 'zero'],
    [{ ratio: 2.5 }, 'ratio=2.5'],
    [{ ratio: 1 }, 'ratio=1'],
    [{ mix: { redis_json: '70%', zero: '30%' } }, 'redis_json*0.7+zero*0.3'],
    [{ mix: { incompressible: '33.3%', gcc: '66.7%' } }, 'incompressible*0.333+gcc*0.667'],
  ])('reads %j as %s', (value, text) => {
    expect(canonical(stored, value)).toBe(text)
    expect(canonical(written, value)).toBe(text)
  })

  it('may be a drift only where it is written', () => {
    expect(canonical(written, { drift: 'redis_json' })).toBe('drift=redis_json')
    expect(problemOf(stored, { drift: 'redis_json' })).toMatchObject({ path: 'content', problem: 'got a mapping' })
    expect(problemOf(written, { drift: 'gcc' })).toEqual({
      path: 'content.drift',
      problem: 'got "gcc"',
      expected: 'one of redis_json',
    })
  })

  it.each([
    ['redis', 'content', 'got "redis"'],
    [3, 'content', 'got 3'],
    [null, 'content', 'got nothing'],
    [{ ratio: 2, mix: {} }, 'content', 'got a mapping'],
    [{ ratio: 0.5 }, 'content.ratio', 'got 0.5'],
    [{ ratio: NaN }, 'content.ratio', 'got NaN'],
    [{ ratio: '2' }, 'content.ratio', 'got "2"'],
    [{ mix: ['zero'] }, 'content.mix', 'got a list'],
    [{ mix: {} }, 'content.mix', 'shares sum to 0%'],
    [{ mix: { redis_json: '70%', zero: '20%' } }, 'content.mix', 'shares sum to 90%'],
    [{ mix: { redis: '100%' } }, 'content.mix', 'got "redis"'],
    [{ mix: { zero: 1 } }, 'content.mix.zero', 'got 1'],
    [{ mix: { zero: '100' } }, 'content.mix.zero', 'got "100" without a unit'],
    [{ mix: { zero: '0%', gcc: '100%' } }, 'content.mix.zero', 'got "0%"'],
  ])('refuses %j', (value, path, problem) => {
    expect(problemOf(stored, value)).toMatchObject({ path, problem })
  })

  it('gives texts that the rest of the product can read, whatever the shares', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (millionths) => {
        const percent = (share: number) => `${(share / 10_000).toFixed(4)}%`
        const text = canonical(stored, { mix: { redis_json: percent(millionths), zero: percent(1_000_000 - millionths) } })
        expect(parseContent(text)).toMatchObject({
          kind: 'mix',
          parts: [{ share: millionths / 1e6 }, { content: { kind: 'zero' } }],
        })
      }),
    )
  })
})
