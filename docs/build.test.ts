import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SUBJECTS } from '#shared/bus/subjects.ts'
import { filled, protocol, PROTOCOL_FILE } from './build.ts'

const RIGHTS = readFileSync(new URL('../deploy/nats/users.conf', import.meta.url), 'utf8')

test('docs/PROTOCOL.md is what `npm run docs` makes', () => {
  expect(readFileSync(PROTOCOL_FILE, 'utf8')).toBe(protocol())
})

describe('a template', () => {
  test('is filled with texts, numbers and what functions give', () => {
    expect(filled('{{a}} {{b}} {{c}} {{a}}', { a: 'x', b: 1, c: () => 'y' })).toBe('x 1 y x')
  })

  test('may ask for nothing that is not there, and leave nothing out', () => {
    expect(() => filled('{{a}}', {})).toThrow('asks for a')
    expect(() => filled('', { a: 'x' })).toThrow('no place for a')
  })
})

describe('the table of subjects is the rights of the bus:', () => {
  test.each(['conductor', 'host', 'device', 'promoter', 'workload', 'operator'] as const)('what %s may publish', (user) => {
    const [, rights] = new RegExp(`user: "${user}"[\\s\\S]*?publish: \\[([\\s\\S]*?)\\]`).exec(RIGHTS)!
    const granted = Array.from(rights!.matchAll(/"coldpool\.\*\.(\w+)\.(\w+)\.[^"]+"/g), ([, kind, role]) => `${kind} as ${role}`)
    const kinds = Object.entries(SUBJECTS).filter(([, { from }]) => (from as readonly string[]).includes(user))
    expect(granted.toSorted()).toEqual(kinds.map(([kind]) => `${kind} as ${user}`).toSorted())
  })
})
