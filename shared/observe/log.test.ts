import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { about, type Log, openLog, Seldom } from './log.ts'
import { logLevel, type LogLevel } from './log-level.ts'

function onTerminal(level: LogLevel, say: (log: Log) => void): string[] {
  let written = ''
  say(openLog('conductor', level, { isTTY: true, write: (text) => (written += text) }))
  return stripVTControlCharacters(written).split('\n').slice(0, -1)
}

describe('a log', () => {
  test('is a line of JSON for each fact where stderr is no terminal, with actor and virtual time', () => {
    const script = `import { about, openLog } from './shared/observe/log.ts'
      const log = about(openLog('host-1', 'warn'), () => ({ actor: 'device-1', seconds: 31.24 }))
      log.info({}, 'nothing')
      log.warn({ pages: 3 }, 'a fact')
      log.error({ actor: 'host-2', problem: 'one\\ntwo' }, 'another')`
    const { stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' })
    const lines = stderr.split('\n').slice(0, -1)
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        process: 'host-1',
        actor: 'device-1',
        seconds: 31.24,
        pages: 3,
        message: 'a fact',
      },
      expect.objectContaining({ level: 'error', actor: 'host-2', seconds: 31.24, problem: 'one\ntwo', message: 'another' }),
    ])
  })

  test('is for a person on a terminal: who and when in front, then what, then the rest', () => {
    const lines = onTerminal('info', (log) => {
      const bound = about(log, () => ({ seconds: 1.5 }))
      bound.warn({ stage: 3, name: 'host-1', actor: 'device-1' }, 'a stage is silent')
      log.info({ roles: ['host'], problem: 'a "b"' }, 'standing by')
    })
    expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ''))).toEqual([
      'warn  conductor device-1 1.5 s  a stage is silent  stage=3 name=host-1',
      String.raw`info  conductor  standing by  roles=["host"] problem="a \"b\""`,
    ])
  })

  test('lets nothing from outside drive the terminal, or make two lines of one', () => {
    const bad = 'x\u001b[2J\u009bJ\ny'
    const lines = onTerminal('info', (log) => log.info({ bad, actor: bad }, bad))
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/\p{Cc}/u)
    expect(lines[0]!.match(/x\\u001b\[2J\\u009bJ/g)).toHaveLength(3)
  })

  test.each([
    ['silent', []],
    ['error', ['bad']],
    ['warn', ['worse', 'bad']],
    ['info', ['fine', 'worse', 'bad']],
  ] as const)('at %s says %j', (level, said) => {
    const lines = onTerminal(level, (log) => {
      log.info({}, 'fine')
      log.warn({}, 'worse')
      log.error({}, 'bad')
    })
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(said)
  })
})

describe('its level', () => {
  test.each([
    ['error', { COLDPOOL_LOG: 'info' }, 'error'],
    [undefined, { COLDPOOL_LOG: 'silent' }, 'silent'],
    [undefined, { COLDPOOL_LOG: '' }, 'warn'],
    [undefined, {}, 'warn'],
  ] as const)('of option %j and environment %j is %s', (option, env, level) => {
    expect(logLevel(option, 'warn', env)).toBe(level)
  })

  test.each([
    ['loud', {}, '--log', '"loud"'],
    ['', {}, '--log', '""'],
    [undefined, { COLDPOOL_LOG: 'WARN' }, 'COLDPOOL_LOG', '"WARN"'],
  ] as const)('of option %j and environment %j is refused', (option, env, where, got) => {
    expect(() => logLevel(option, 'info', env)).toThrow(
      `CP_OPTION ${where}: got ${got}; expected one of silent, error, warn, info`,
    )
  })

  test.each([
    ['conductor', ['--log', 'loud'], {}, '--log: got "loud"'],
    ['device', [], { COLDPOOL_LOG: 'all' }, 'COLDPOOL_LOG: got "all"'],
    ['observer', ['--log=x'], {}, '--log: got "x"'],
  ])('a %s of an unknown one ends with exit code 2 before it looks for a bus', (service, options, env, problem) => {
    const { status, stderr } = spawnSync(process.execPath, [`services/${service}/main.ts`, ...options], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], COLDPOOL_BUS: 'nats://127.0.0.1:9', ...env },
    })
    expect({ status, stderr }).toEqual({ status: 2, stderr: `CP_OPTION ${problem}; expected one of silent, error, warn, info\n` })
  })
})

test('a warning passes once a second, with how many were held back', () => {
  let nowMs = 0
  const seldom = new Seldom(() => nowMs)
  const said: number[] = []
  const at = (ms: number): void => {
    nowMs = ms
    seldom.say((held) => said.push(held))
  }
  at(0)
  at(1)
  at(999)
  expect(said).toEqual([0])
  at(1000)
  at(1001)
  at(5000)
  at(5999)
  at(6000)
  expect(said).toEqual([0, 2, 1, 1])
})
