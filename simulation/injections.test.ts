import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBody } from '#shared/codec.ts'
import type { Stamped } from '#shared/command.ts'
import type { BodyOf } from '#shared/messages.ts'
import { parseScenario } from '#shared/scenario.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { checkWorkload, formatInjection, INJECTIONS_HEADER, parseInjections } from './injections.ts'

const scenario = parseScenario(
  `
name: base
duration: 1s
devices:
  device-1: { physical: 16MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 32MiB, devices: [device-1] }
workloads:
  web: { host: host-1, kind: uniform, size: 16MiB, accesses: 1k/s }
`,
  'base',
)

const PROFILE: BodyOf<'profile'> = {
  pages: 100,
  allocateBytesPerSecond: 1e9,
  threads: 1,
  contiguous: 0,
  shift: 0,
  share: Float64Array.of(0.5, 0.5),
  reads: Float64Array.of(1, 0),
  writes: Float64Array.of(1, 0),
  miss: Float64Array.of(1, 1),
  stored: ['zero', 'gcc'],
  written: ['zero', 'gcc'],
  sweepBytesPerSecond: 0,
  sweepWrites: 0,
  sweepPooledOnly: 0,
  sweepPasses: 0,
  sweepContent: 'zero',
}
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const profile = (change: Partial<BodyOf<'profile'>> = {}): string => base64(encodeBody('profile', { ...PROFILE, ...change }))

const EXAMPLE = `# by hand
- { quantum: 10, at: 10ms, inject: bear, workload: { host: host-1, kind: bear, size: 8MiB, rate: 400MB/s, content: { mix: { zero: 50%, gcc: 50% } } } }
- quantum: 10
  inject: web-2

  workload:   # over several lines
    host: host-1
    kind: uniform
    size: 4MiB
    accesses: 1k/s
- { quantum: 20, stop: bear }
- { quantum: 21, join: guest, host: host-1 }
- { quantum: 22, mail: guest, kind: profile, body: ${profile()} }
- { quantum: 1000000, gone: guest }
`

/** Beginnings of the lines that it is refused with. */
function refusal(text: string): string[] {
  try {
    parseInjections(text, 'in.yaml', scenario)
  } catch (error) {
    if (error instanceof ScenarioError) return error.message.split('\n')
    throw error
  }
  return []
}

describe('a script as a file', () => {
  test('is read entry by entry, on one line or several, and newcomers take the next ordinals', () => {
    const { commands } = parseInjections(EXAMPLE, 'in.yaml', scenario)
    expect(commands.map(({ quantum, command }) => [quantum, command.kind, command.id])).toEqual([
      [10, 'inject', 'bear'],
      [10, 'inject', 'web-2'],
      [20, 'stop', 'bear'],
      [21, 'join', 'guest'],
      [22, 'mail', 'guest'],
      [1_000_000, 'gone', 'guest'],
    ])
    expect(commands.flatMap(({ command }) => ('ordinal' in command ? command.ordinal : []))).toEqual([4, 5, 6])
    expect(commands[4]!.command).toEqual({
      kind: 'mail',
      id: 'guest',
      mail: 'profile',
      body: Uint8Array.from(encodeBody('profile', PROFILE)),
    })
  })

  test('that is written is read as the same', () => {
    const { commands } = parseInjections(EXAMPLE, 'in.yaml', scenario)
    for (const quantumNs of [undefined, scenario.quantum]) {
      const text = INJECTIONS_HEADER + commands.map((stamped) => formatInjection(stamped, quantumNs)).join('')
      expect(parseInjections(text, 'in.yaml', scenario).commands).toEqual(commands)
      expect(text.split('\n')).toHaveLength(2 + commands.length + 1)
    }
  })

  test('of any length, at any quanta and with any bytes, comes back as it was', () => {
    const accesses = fc.uint32Array({ maxLength: 40 }).map((pages) =>
      Uint8Array.from(
        encodeBody('accesses', {
          epoch: 0,
          workNs: 1e6,
          pages,
          reads: pages,
          writes: pages,
          llcReads: pages,
          llcWritebacks: pages,
        }),
      ),
    )
    const gaps = fc.array(fc.tuple(fc.nat(1e9), accesses), { maxLength: 30 })
    fc.assert(
      fc.property(gaps, (given) => {
        let quantum = 3
        const commands: Stamped[] = [{ quantum, command: { kind: 'join', id: 'guest', ordinal: 4, host: 'host-1' } }]
        for (const [gap, body] of given) {
          commands.push({ quantum: (quantum += gap), command: { kind: 'mail', id: 'guest', mail: 'accesses', body } })
        }
        const text = commands.map((stamped) => formatInjection(stamped, scenario.quantum)).join('')
        expect(parseInjections(text, 'in.yaml', scenario).commands).toEqual(commands)
      }),
    )
  })

  test('says the virtual time too, for people', () => {
    expect(formatInjection({ quantum: 1234, command: { kind: 'stop', id: 'web' } }, 1e6)).toBe(
      '- { quantum: 1234, at: 1.234s, stop: web }\n',
    )
  })

  test.each(['', '\n\n', INJECTIONS_HEADER, '# only\r\n# this\r\n'])('may ask for nothing: %j', (text) => {
    expect(parseInjections(text, 'in.yaml', scenario).commands).toEqual([])
  })

  test('holds a hundred thousand entries, and not one more', () => {
    const line = '- { quantum: 5, stop: web }\n'
    expect(parseInjections(line.repeat(1000), 'in.yaml', scenario).commands).toHaveLength(1000)
    expect(refusal('-\n'.repeat(100_001))[0]).toMatch(
      /CP_INJECTION in\.yaml:100001: has too many entries; expected at most 100000/,
    )
  })
})

describe('every mistake is one line: what, where, what was expected', () => {
  const bear = 'workload: { host: host-1, kind: bear, size: 8MiB, rate: 4MB/s }'
  const guest = '- { quantum: 1, join: guest, host: host-1 }\n'
  const mail = (body: string): string => `${guest}- { quantum: 2, mail: guest, kind: profile, body: ${body} }`

  test.each([
    ['no entry', 'stop: web', `CP_INJECTION in.yaml:1: got "stop: web"; expected an entry, which begins with '- '`],
    ['text after a comment', '# x\n\n  stop: web', 'CP_INJECTION in.yaml:3: got "  stop: web"; expected an entry'],
    ['two documents', '--- []', 'CP_INJECTION in.yaml:1: got "--- []"; expected an entry'],
    ['no YAML', '- { quantum: 1, stop: web }\n- { quantum: 2, stop: [web }', 'CP_INJECTION in.yaml:2: '],
    [
      'a key twice',
      '\n- { quantum: 1, quantum: 2, stop: web }',
      'CP_INJECTION in.yaml:2: key "quantum" appears twice; expected each',
    ],
    ['deep nesting', `- ${'['.repeat(40)}`, 'CP_INJECTION in.yaml: collections nest too deeply; expected at most 32'],
    ['too many parts', `- [${'1, '.repeat(3000)}]`, 'CP_INJECTION in.yaml:1: has too many parts; expected at most 4096'],
    ['no command', '- { quantum: 1 }', 'CP_INJECTION in.yaml:1: got a mapping; expected one of inject, stop, join, mail, gone'],
    ['text', '- stop', 'CP_INJECTION in.yaml:1: got "stop"; expected one of'],
    ['an empty entry', '-', 'CP_INJECTION in.yaml:1: got nothing; expected one of'],
    ['two commands', '- { quantum: 1, stop: web, gone: web }', 'CP_INJECTION in.yaml:1: got stop and gone; expected one of'],
    [
      'an unknown key',
      '- { quantum: 1, stop: web, now: 1 }',
      'CP_INJECTION in.yaml:1 now: unknown key "now"; expected one of quantum',
    ],
    ['no quantum', '- { stop: web }', 'CP_INJECTION in.yaml:1 quantum: missing; expected a whole number'],
    ['a negative quantum', '- { quantum: -1, stop: web }', 'CP_INJECTION in.yaml:1 quantum: got -1; expected a whole number'],
    ['a broken quantum', '- { quantum: 1.5, stop: web }', 'CP_INJECTION in.yaml:1 quantum: got 1.5; expected a whole number'],
    [
      'a stop before its workload comes',
      '- { quantum: 9, inject: late, workload: { host: host-1, kind: uniform, size: 4MiB, accesses: 1k/s } }\n- {\n  quantum: 5, stop: late }',
      'CP_INJECTION in.yaml:2 late: got quantum 5; expected 9 or later, when what is known of late has happened',
    ],
    [
      'a word of a stranger before one that is known',
      '- { quantum: 9, join: guest, host: host-1 }\n- { quantum: 12, gone: guest }\n- { quantum: 11, gone: guest }',
      'CP_INJECTION in.yaml:3 guest: got quantum 11; expected 12 or later',
    ],
    [
      'a wrong time',
      '- { quantum: 5, at: 1s, stop: web }',
      'CP_INJECTION in.yaml:1 at: got "1s", which is not quantum 5; expected 0.005s',
    ],
    ['no time', '- { quantum: 5, at: noon, stop: web }', 'CP_INJECTION in.yaml:1 at: got "noon"; expected a time'],
    [
      'a stop of nobody',
      '- { quantum: 1, stop: wep }',
      'CP_INJECTION in.yaml:1 wep: no workload "wep" to stop; expected web, or',
    ],
    [
      'a stop of a host',
      '- { quantum: 1, stop: host-1 }',
      'CP_INJECTION in.yaml:1 host-1: no workload "host-1" to stop; expected one of',
    ],
    [
      'a name that is taken',
      `- { quantum: 1, inject: web, ${bear} }`,
      'CP_SCENARIO_NAME in.yaml:1 workloads.web: the name is taken; exp',
    ],
    [
      'the name of a device',
      `- { quantum: 1, inject: device-1, ${bear} }`,
      'CP_SCENARIO_NAME in.yaml:1 workloads.device-1: the name is',
    ],
    [
      'the name of a guest',
      `${guest}- { quantum: 1, inject: guest, ${bear} }`,
      'CP_INJECTION in.yaml:2 guest: the name is taken; expec',
    ],
    ['no name', `- { quantum: 1, inject: 7, ${bear} }`, 'CP_INJECTION in.yaml:1 inject: got 7; expected a name'],
    [
      'a workload of a wrong form',
      `- quantum: 1\n  inject: bear\n  workload:\n    { host: host-1, kind: bear, size: 8MiB,\n      rate: 4MiB }`,
      'CP_SCENARIO_SHAPE in.yaml:5 workloads.bear.rate: got "4MiB", whose unit "MiB" does not fit here; expected',
    ],
    [
      'no workload',
      '- { quantum: 1, inject: bear }',
      'CP_SCENARIO_SHAPE in.yaml:1 workloads.bear: missing; expected a mapping with kind',
    ],
    [
      'a workload on no host',
      `- { quantum: 1, inject: bear, ${bear.replace('host-1', 'host-2')} }`,
      'CP_SCENARIO_NAME in.yaml:1 workloads.bear.host: got "host-2"; expected host-1',
    ],
    [
      'a workload that stops before it starts',
      `- { quantum: 1, inject: bear, ${bear.replace('rate', 'start: 2s, stop: 1s, rate')} }`,
      'CP_SCENARIO_SHAPE in.yaml:1 workloads.bear.stop: got 1s; expected a time after start (2s)',
    ],
    [
      'a workload that the host has no room for',
      `- { quantum: 1, inject: bear, ${bear.replace('8MiB', '8GiB')} }`,
      'CP_SCENARIO_LIMIT in.yaml:1 hosts.host-1: got 8.02 GiB of workloads; expected at most',
    ],
    [
      'a guest on no host',
      '- { quantum: 1, join: guest, host: host-9 }',
      'CP_INJECTION in.yaml:1 guest: got host "host-9"; expected host-1',
    ],
    ['a guest twice', guest + guest, 'CP_INJECTION in.yaml:2 guest: the name is taken; expected a name that is used once'],
    [
      'mail of nobody',
      mail(profile()).slice(guest.length),
      'CP_INJECTION in.yaml:1 guest: no foreign workload "guest" has joined; exp',
    ],
    [
      'mail of ours',
      `- { quantum: 2, mail: web, kind: profile, body: ${profile()} }`,
      'CP_INJECTION in.yaml:1 web: no foreign workload',
    ],
    [
      'mail after the end',
      `${guest}- { quantum: 1, gone: guest }\n- { quantum: 1, gone: guest }`,
      'CP_INJECTION in.yaml:3 guest: the foreign',
    ],
    ['no base64', mail('"a?"'), 'CP_INJECTION in.yaml:2 body: got "a?"; expected the bytes of a mail in base64'],
    [
      'another kind of mail',
      mail(profile()).replace('kind: profile', 'kind: left'),
      'CP_INJECTION in.yaml:2 kind: got "left"; expected one of',
    ],
    ['no msgpack', mail('wQ=='), 'CP_WIRE in.yaml:2 guest: profile: '],
    [
      'more memory than there is room for',
      mail(profile({ pages: 1e9 })),
      'CP_WIRE in.yaml:2 guest: profile.pages: got 1000000000; expected at',
    ],
    ['no pages', mail(profile({ pages: 0 })), 'CP_WIRE in.yaml:2 guest: profile.pages: got 0; expected 1 to'],
    [
      'a negative rate',
      mail(profile({ reads: Float64Array.of(-1, 0) })),
      'CP_WIRE in.yaml:2 guest: profile.reads: got -1; expected 0 to',
    ],
    [
      'shares that are no whole',
      mail(profile({ share: Float64Array.of(0.5, 0.4) })),
      'CP_WIRE in.yaml:2 guest: profile.share: its sum is 0.9',
    ],
    [
      'columns of different lengths',
      mail(profile({ miss: Float64Array.of(1) })),
      'CP_WIRE in.yaml:2 guest: profile.miss: got 1 classes; expected 2',
    ],
    ['unknown content', mail(profile({ sweepContent: 'gold' })), 'CP_SCENARIO_SHAPE in.yaml:2 guest: content '],
  ])('%s', (_, text, start) => {
    const lines = refusal(text)
    expect(lines.map((line) => line.slice(0, start.length))).toEqual([start])
    expect(lines[0]).toMatch(/^CP_[A-Z_]+ .+: .+; expected .{1,400}$/)
  })

  test('and several mistakes are several lines, each with its own', () => {
    const text = `- { quantum: 1, stop: nobody }\n- { quantum: x, stop: web }\n- { quantum: 2, inject: a, workload: { kind: bear } }`
    expect(refusal(text).map((line) => line.split(':', 2).join(':').split(' ').slice(0, 3).join(' '))).toEqual([
      'CP_INJECTION in.yaml:1 nobody',
      'CP_INJECTION in.yaml:2 quantum',
      'CP_SCENARIO_SHAPE in.yaml:3 workloads.a.host',
      'CP_SCENARIO_SHAPE in.yaml:3 workloads.a.size',
      'CP_SCENARIO_SHAPE in.yaml:3 workloads.a.rate',
    ])
  })

  test('no text, however odd, is another exception', () => {
    const parts = fc.constantFrom(
      ...'-{}[],:#&*!|>\'"%@`\n \t'.split(''),
      'quantum',
      'stop',
      'web',
      '1',
      '\u0000',
      '- { ',
      '\n- ',
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 40 }), (text) => {
        for (const line of refusal(text.join(''))) expect(line).toMatch(/^CP_[A-Z_]+ .+: .+; expected .+/)
      }),
      { numRuns: 2000 },
    )
  })

  test('a foreign workload may not have more classes than in its first profile', () => {
    const more = profile({
      share: Float64Array.of(0.5, 0.25, 0.25),
      reads: new Float64Array(3),
      writes: new Float64Array(3),
      miss: new Float64Array(3),
      stored: ['zero', 'zero', 'zero'],
      written: ['zero', 'zero', 'zero'],
    })
    const text = `${mail(profile())}\n- { quantum: 3, mail: guest, kind: profile, body: ${more} }`
    expect(refusal(text)).toEqual(['CP_WIRE in.yaml:3 guest: profile.share: got 3 classes; expected 1 to 2 classes'])
  })
})

test('a workload for a live run is checked by the same rules, without a file', () => {
  const bear = { host: 'host-1', kind: 'bear', size: '8MiB', rate: '4MB/s' }
  expect(() => checkWorkload(scenario, 'bear', bear)).not.toThrow()
  expect(() => checkWorkload(scenario, 'bear', { ...bear, size: '8' })).toThrow(
    /^CP_SCENARIO_SHAPE workloads\.bear\.size: got "8"/,
  )
  expect(() => checkWorkload(scenario, 'Bear', bear)).toThrow(
    /^CP_SCENARIO_SHAPE workloads: got the name|^CP_SCENARIO_SHAPE workloads/,
  )
  expect(() => checkWorkload(scenario, 'conductor', bear)).toThrow(/^CP_SCENARIO_NAME workloads\.conductor: the name is taken/)
  expect(() => checkWorkload(scenario, 'bear', { ...bear, cgroup: 'root' })).toThrow(
    /^CP_SCENARIO_SHAPE workloads\.bear\.cgroup: got root; expected workloads: a newcomer comes to no other cgroup/,
  )
  expect(() => checkWorkload(scenario, 'bear', { ...bear, deliberate: '4KiB' })).toThrow(
    /^CP_SCENARIO_SHAPE workloads\.bear\.deliberate: got 4096 bytes; expected 0B: a newcomer takes nothing on purpose/,
  )
  expect(() => checkWorkload(scenario, 'tape', { host: 'host-1', kind: 'trace', file: '/etc/passwd' })).toThrow(
    /^CP_SCENARIO_SHAPE workloads\.tape\.file: got "\/etc\/passwd"; expected a recording: a newcomer reads no file/,
  )
  expect(() => checkWorkload(scenario, 'bear', 'bear')).toThrow(
    /^CP_SCENARIO_SHAPE workloads\.bear: got "bear"; expected a mapping with kind/,
  )
})
