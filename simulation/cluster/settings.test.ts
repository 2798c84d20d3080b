import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { busSettings, clusterName, processName } from './settings.ts'

describe('the bus', () => {
  test('is the one of the option, else of the environment', () => {
    const env = { COLDPOOL_BUS: 'nats://b:4222' }
    expect(busSettings({ bus: 'nats://a:4222' }, env)).toEqual({ servers: 'nats://a:4222' })
    expect(busSettings({}, env)).toEqual({ servers: 'nats://b:4222' })
  })

  test.each([
    'nats://a',
    'nats://a:4222',
    'tls://a:4222',
    'nats://u:p@a:4222',
    'nats://a:1,nats://b:2',
    'nats://a:1, nats://b:2',
    'nats://[::1]:4222',
  ])('may be at %s', (servers) => {
    expect(busSettings({ bus: servers }, {}).servers).toBe(servers)
  })

  test.each(['a:4222', 'http://a', 'nats://', 'nats://a b', 'nats://a,', 'nats://a/b', 'nats://u:p@'])('is not at %j', (bus) => {
    expect(() => busSettings({ bus }, {})).toThrow('CP_OPTION --bus: got something else; expected an address such as')
    expect(() => busSettings({}, { COLDPOOL_BUS: bus })).toThrow('CP_OPTION COLDPOOL_BUS: got something else')
  })

  test('must be named, and an error does not tell a password', () => {
    expect(() => busSettings({}, {})).toThrow('CP_OPTION --bus: no bus is named')
    expect(() => busSettings({}, { COLDPOOL_BUS: '' })).toThrow('no bus is named')
    try {
      busSettings({ bus: 'http://me:hush@a' }, {})
      expect.unreachable('it is no bus')
    } catch (error) {
      expect((error as Error).message).not.toContain('hush')
    }
  })

  test('lets in who has a user and a password, given or in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'))
    const file = join(folder, 'password')
    writeFileSync(file, 'hush\n')
    const env = { COLDPOOL_BUS: 'nats://a', COLDPOOL_NATS_USER: 'host' }
    expect(busSettings({}, { ...env, COLDPOOL_NATS_PASSWORD: 'x', COLDPOOL_NATS_PASSWORD_FILE: file })).toMatchObject({
      user: 'host',
      password: 'x',
    })
    expect(busSettings({}, { ...env, COLDPOOL_NATS_PASSWORD_FILE: file })).toMatchObject({ user: 'host', password: 'hush' })
    expect(busSettings({}, { ...env, COLDPOOL_NATS_PASSWORD_FILE: '' })).not.toHaveProperty('password')
    rmSync(folder, { recursive: true })
    expect(() => busSettings({}, { ...env, COLDPOOL_NATS_PASSWORD_FILE: file })).toThrow('CP_OPTION COLDPOOL_NATS_PASSWORD_FILE')
  })
})

describe('a name', () => {
  test('of a cluster is the option’s, else the environment’s, and of few characters', () => {
    expect(clusterName({ cluster: 'a' }, { COLDPOOL_CLUSTER: 'b' })).toBe('a')
    expect(clusterName({}, { COLDPOOL_CLUSTER: 'b_B-9' })).toBe('b_B-9')
    expect(clusterName({}, {})).toBeUndefined()
    for (const cluster of ['', 'a.b', 'a b', '*', '>', 'x'.repeat(49)]) {
      expect(() => clusterName({ cluster }, {})).toThrow('CP_OPTION --cluster: got')
    }
  })

  test('of a process is given, or made of its role and host', () => {
    expect(processName('host', { COLDPOOL_NAME: 'mine' })).toBe('mine')
    expect(processName('host', {})).toMatch(/^host-[A-Za-z0-9_-]{1,60}$/)
  })

  test('of a process that nobody would believe is CP_OPTION, and not silence', () => {
    for (const name of ['', 'a b', 'a.b', 'x'.repeat(65)]) {
      expect(() => processName('host', { COLDPOOL_NAME: name })).toThrow('CP_OPTION COLDPOOL_NAME: got')
    }
  })
})
