import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { secretFiles, USERS } from './secrets.ts'

describe('secrets', () => {
  const none = { given: {}, earlier: () => undefined }

  test('are made for each user, and told to NATS in the words of its configuration', () => {
    let n = 0
    const files = secretFiles({ ...none, make: () => `made-${n++}` })
    expect(files.get('host/password')).toBe('made-1')
    expect(files.get('nats/passwords.conf')).toContain('HOST_PASSWORD: "made-1"\n')
    expect(files.get('nats/routes.conf')).toContain('ROUTE_2: "nats-route://route:made-9@nats-2:6222"\n')
    expect(files.size).toBe(USERS.length + 4)
  })

  test('stay what they were, unless given; an empty one is not given', () => {
    const files = secretFiles({
      given: { COLDPOOL_HOST_PASSWORD: 'from-dot-env', COLDPOOL_DEVICE_PASSWORD: '' },
      earlier: (file) => `earlier-${file}`,
      make: () => 'made',
    })
    expect(files.get('host/password')).toBe('from-dot-env')
    expect(files.get('device/password')).toBe('earlier-device/password')
    expect(files.get('metrics/token')).toBe('earlier-metrics/token')
  })

  test.each(['short', 'with "quote', '$2a$10$looks.like.a.hash', 'two\nlines', 'x'.repeat(129)])(
    'that NATS would misread are refused without being shown: %j',
    (password) => {
      const attempt = (): unknown => secretFiles({ ...none, given: { COLDPOOL_OPERATOR_PASSWORD: password }, make: () => 'made' })
      expect(attempt).toThrow(/^COLDPOOL_OPERATOR_PASSWORD: got \d+ characters, expected 8 to 128/)
      expect(attempt).not.toThrow(password)
    },
  )
})

describe('init', () => {
  const init = new URL('init.ts', import.meta.url).pathname
  const directory = mkdtempSync(join(tmpdir(), 'coldpool-init-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const passwords = (): string[] => USERS.map((user) => readFileSync(join(directory, user, 'password'), 'utf8'))
  const run = (env: NodeJS.ProcessEnv = {}): string =>
    execFileSync(process.execPath, [init, directory], { encoding: 'utf8', env: { ...process.env, ...env } })

  test('writes secrets that only their owner reads, each different, and keeps them when it runs again', () => {
    expect(run()).toBe('init: 13 files with secrets, 13 of them written now\n')
    const first = passwords()
    expect(new Set(first).size).toBe(USERS.length)
    for (const password of first) expect(password).toMatch(/^[\w-]{32}$/)
    expect(run()).toBe('init: 13 files with secrets, 0 of them written now\n')
    expect(passwords()).toEqual(first)
    for (const file of [...USERS.map((user) => `${user}/password`), 'metrics/token'])
      expect(statSync(join(directory, file)).mode & 0o777, file).toBe(0o400)
    expect(readdirSync(join(directory, 'nats')).toSorted()).toEqual([
      'cluster.conf',
      'nats.conf',
      'passwords.conf',
      'route-password',
      'routes.conf',
      'users.conf',
    ])
  })

  test('takes a given password in place of an earlier one', () => {
    run({ COLDPOOL_HOST_PASSWORD: 'correct.horse' })
    expect(readFileSync(join(directory, 'host/password'), 'utf8')).toBe('correct.horse')
    expect(readFileSync(join(directory, 'nats/passwords.conf'), 'utf8')).toContain('HOST_PASSWORD: "correct.horse"')
  })

  test('says in a line what is wrong, and where it would write', () => {
    const env = { ...process.env, COLDPOOL_HOST_PASSWORD: 'a b' }
    const refused = spawnSync(process.execPath, [init, directory], { encoding: 'utf8', env })
    expect([refused.status, refused.stderr]).toEqual([
      1,
      'init: COLDPOOL_HOST_PASSWORD: got 3 characters, expected 8 to 128 of A-Z a-z 0-9 _ . ~ -\n',
    ])
    expect(spawnSync(process.execPath, [init], { encoding: 'utf8' }).stderr).toBe('usage: node deploy/init.ts DIRECTORY\n')
  })
})
