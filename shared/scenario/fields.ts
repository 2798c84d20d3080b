/**
 * The kinds of field a scenario is made of. Each field carries its description (with what it defaults to, for editors)
 * and, as the message of every issue it raises, what it expects; what was got is found by whoever reports the issue.
 */
import { z } from 'zod'
import { parseByteRate, parseBytes, parseEventRate, parsePercentage, parseTime, UnitError } from '../units.ts'

interface Range {
  readonly min: string
  readonly max: string
  readonly powerOfTwo?: true
  /** Nanoseconds or bytes without a fraction. */
  readonly whole?: true
}

/** Bytes. */
export const size = (meaning: string, range: Range) => quantity('a size', parseBytes, range, meaning)
/** Nanoseconds. */
export const time = (meaning: string, range: Range) => quantity('a time', parseTime, range, meaning)
/** Bytes per second. */
export const byteRate = (meaning: string, range: Range = { min: '1B/s', max: '1000TB/s' }) =>
  quantity('a data rate', parseByteRate, range, meaning)
/** Events per second. */
export const eventRate = (meaning: string) => quantity('a rate', parseEventRate, { min: '0/s', max: '100G/s' }, meaning)
/** A fraction. */
export const percentage = (meaning: string, range: Range = { min: '0%', max: '100%' }) =>
  quantity('a percentage', parsePercentage, range, meaning)

function quantity(noun: string, parse: (text: string) => number, range: Range, meaning: string) {
  const least = parse(range.min)
  const most = parse(range.max)
  const form = range.powerOfTwo === true ? ', a power of two' : range.whole === true ? ' in whole nanoseconds' : ''
  const expected = `${noun} from ${range.min} to ${range.max}${form}`
  return z
    .string(`${expected}, with its unit`)
    .meta({ description: `${meaning} (${expected})`, pattern: String.raw`^\d+(\.\d+)?[A-Za-z%/]+$` })
    .transform((text, context): number => {
      try {
        const value = parse(text)
        const formed = (range.powerOfTwo !== true || isPowerOfTwo(value)) && (range.whole !== true || Number.isInteger(value))
        if (value >= least && value <= most && formed) return value
        context.addIssue({ code: 'custom', message: expected })
      } catch (error) {
        if (!(error instanceof UnitError)) throw error
        context.addIssue({ code: 'custom', message: error.expected, params: { problem: error.problem } })
      }
      return z.NEVER
    })
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && (BigInt(value) & BigInt(value - 1)) === 0n
}

export function whole(meaning: string, min: number, max: number) {
  const expected = `a whole number from ${min} to ${max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : max}`
  return z.int(expected).min(min, expected).max(max, expected).describe(`${meaning} (${expected})`)
}

export function real(meaning: string, min: number, max: number) {
  const expected = `a number from ${min} to ${max}`
  return z.number(expected).min(min, expected).max(max, expected).describe(`${meaning} (${expected})`)
}

export function flag(meaning: string) {
  return z.boolean('true or false').describe(meaning)
}

export function choice<const T extends readonly string[]>(meaning: string, choices: T) {
  return z.enum(choices, `one of ${choices.join(', ')}`).describe(meaning)
}

/** A mapping with known keys. Of an unknown key the issue's message lists the known ones, separated by `, `. */
export function mapping<S extends z.core.$ZodLooseShape>(meaning: string, shape: S) {
  const keys = Object.keys(shape).join(', ')
  return z
    .strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? keys : `a mapping with ${keys}`) })
    .describe(meaning)
}

const PATH_EXPECTED = 'the path of a file, 1 to 4096 characters'

/** A file of the user's, where the actor that reads it runs. */
export const path = (meaning: string) =>
  z.string(PATH_EXPECTED).min(1, PATH_EXPECTED).max(4096, PATH_EXPECTED).describe(`${meaning} (${PATH_EXPECTED})`)

const NAME = /^[a-z][a-z0-9-]{0,63}$/
const NAME_EXPECTED = 'a name of at most 64 of a-z, 0-9 and -, a letter first'

/** The name of something of the scenario. */
export const name = (meaning: string) => z.string(NAME_EXPECTED).regex(NAME, NAME_EXPECTED).describe(meaning)

/** A mapping from names to things of one kind. */
export function named<T extends z.ZodType>(things: string, thing: T, min: number, max: number) {
  return z
    .record(z.string().regex(NAME), thing, {
      error: (issue) => (issue.code === 'invalid_key' ? NAME_EXPECTED : `a mapping from names to ${things}`),
    })
    .superRefine((entries, context) => {
      const count = Object.keys(entries).length
      if (count >= min && count <= max) return
      const params = { problem: `got ${count} ${things}`, code: count > max ? 'CP_SCENARIO_LIMIT' : 'CP_SCENARIO_SHAPE' }
      context.addIssue({ code: 'custom', message: `${min} to ${max}`, params })
    })
    .meta({ description: `The ${things}, by name (${min} to ${max})`, minProperties: min, maxProperties: max })
}

/** A mapping from the names of hosts to something of each; whether there are such hosts is for consistency.ts to say. */
export function perHost<T extends z.ZodType>(things: string, thing: T) {
  return z.record(z.string().regex(NAME), thing, {
    error: (issue) => (issue.code === 'invalid_key' ? NAME_EXPECTED : `a mapping from hosts to ${things}`),
  })
}
