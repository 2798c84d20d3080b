import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { USERS } from '../../deploy/secrets.ts'
import { isMissing } from './tool.fixture.ts'

interface Service {
  readonly image: string
  readonly build?: unknown
  readonly user: string
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly networks?: readonly string[]
  readonly restart: string
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly [option: string]: unknown
}

interface File {
  readonly services: Readonly<Record<string, Partial<Service>>>
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const ROOT = new URL('../../', import.meta.url)
const SINGLE = 'docker-compose.yml'
const CLUSTER = 'docker-compose.nats-cluster.yml'
const [single, override] = [SINGLE, CLUSTER].map(
  (name) => parse(readFileSync(new URL(name, ROOT), 'utf8'), { merge: true }) as File,
) as [File, File]

/** As compose joins them, as far as the rules below go: maps and lists are joined, the rest is replaced. */
const joined = Object.fromEntries(
  [...new Set([...Object.keys(single.services), ...Object.keys(override.services)])].map((name) => {
    const [base, over] = [single.services[name] ?? {}, override.services[name] ?? {}]
    const environment = { ...base.environment, ...over.environment }
    return [name, { ...base, ...over, environment, volumes: [...(base.volumes ?? []), ...(over.volumes ?? [])] } as Service]
  }),
)
const services = Object.entries(joined)
/** Programs of others, that know nothing of the bus. */
const FOREIGN = ['prometheus', 'grafana']
const published = services.flatMap(([, { ports }]) => ports ?? [])

/** What a process is told at most: these hold no secret, or hold one only if somebody put it into .env. */
const FROM_DOT_ENV = /^\$\{COLDPOOL_[A-Z]+_(PASSWORD|TOKEN):-\}$/

describe('every container', () => {
  test.each(services)('%s is denied root, capabilities, its own image, and more than its share', (_, service) => {
    expect(service).toMatchObject({
      user: '1000:1000',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      pids_limit: 128,
      mem_limit: expect.stringMatching(/m$|-1g\}$/),
      cpus: expect.anything(),
      restart: expect.stringMatching(/^(no|on-failure|unless-stopped)$/),
    })
    expect(service).not.toHaveProperty('container_name')
    expect(service).not.toHaveProperty('privileged')
    expect(service).not.toHaveProperty('cap_add')
  })

  test.each(services)('%s holds no secret in its environment', (_, { environment }) => {
    for (const [name, value] of Object.entries(environment ?? {}).filter(([key]) => /PASS|SECRET|TOKEN|KEY/.test(key)))
      expect(String(value), name).toMatch(
        name.endsWith('_FILE') ? /^\/run\/coldpool(-operator\/password|-metrics\/token|\/password)$/ : FROM_DOT_ENV,
      )
  })

  test.each(services)('%s has a health check, if it stays', (name, { healthcheck }) => {
    expect(healthcheck?.test !== undefined, name).toBe(!['init', 'cli', 'sweep'].includes(name))
  })

  test('publishes a port on loopback alone, and only NATS, the dashboard and those on request do', () => {
    expect(published).toHaveLength(5)
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\$\{COLDPOOL_[A-Z]+_PORT:-\d+\}:\d+$/)
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual([
      'nats',
      'observer',
      ...FOREIGN,
    ])
  })

  test('is on a network without a way out; who has ports also on that of the ports', () => {
    expect(single.networks?.['bus']).toEqual({ internal: true })
    for (const [name, { networks }] of services.filter(([service]) => service !== 'init'))
      expect(networks, name).toEqual([
        ...(FOREIGN.includes(name) ? [] : ['bus']),
        ...(['nats', 'observer', ...FOREIGN].includes(name) ? ['loopback'] : []),
      ])
  })
})

describe('secrets', () => {
  test('of a user are mounted by its own containers alone, to be read; an operator’s by the dashboard too; init and NATS see more', () => {
    const others = services.filter(([name]) => !name.startsWith('nats') && name !== 'init' && !FOREIGN.includes(name))
    expect(new Set(others.map(([, { environment }]) => environment!['COLDPOOL_NATS_USER']))).toEqual(new Set(USERS))
    expect(others).toHaveLength(USERS.length)
    for (const [name, { environment, volumes }] of others)
      expect(
        volumes.filter((volume) => volume.includes('secrets')),
        name,
      ).toEqual([
        `secrets-${environment!['COLDPOOL_NATS_USER']}:/run/coldpool:ro`,
        ...(name === 'observer'
          ? ['secrets-operator:/run/coldpool-operator:ro', 'secrets-metrics:/run/coldpool-metrics:ro']
          : []),
      ])
  })

  test('of a cluster are kept from programs of others, but for the token that opens /metrics alone', () => {
    const seen = FOREIGN.map((name) => joined[name]!.volumes.filter((volume) => volume.includes('secrets')))
    expect(seen).toEqual([['secrets-metrics:/run/coldpool-metrics:ro'], []])
  })

  test('are all made by init, each in a volume', () => {
    const made = [...USERS, 'nats', 'metrics'].map((user) => `secrets-${user}:/secrets/${user}`)
    expect(joined['init']!.volumes).toEqual(expect.arrayContaining(made))
    expect(Object.keys(joined['init']!.environment!).toSorted()).toEqual(
      [...USERS, 'route'].map((user) => `COLDPOOL_${user.toUpperCase()}_PASSWORD`).toSorted(),
    )
  })

  test('are not in the repository', () => {
    for (const name of ['nats.conf', 'users.conf', 'cluster.conf']) {
      const values = readFileSync(new URL(`deploy/nats/${name}`, ROOT), 'utf8').matchAll(/^ *(?:password|token|routes)\b:?(.*)/gm)
      for (const [, value] of values) expect(value!.trim(), name).toMatch(/^(\$\w+|\[(\$\w+(, )?)+\])$/)
    }
    const example = readFileSync(new URL('.env.example', ROOT), 'utf8')
    for (const [, value] of example.matchAll(/PASSWORD=(.*)/g)) expect(value).toBe('')
  })
})

describe('the cluster', () => {
  test('is four hosts, two devices and four promoters; the rest comes once, the command line on request', () => {
    const replicas = services.map(([name, { deploy }]) => [name, (deploy as { replicas: number } | undefined)?.replicas])
    expect(replicas.filter(([, count]) => count !== undefined)).toEqual([
      ['host', 4],
      ['device', 2],
      ['promoter', 4],
    ])
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name)).toEqual([
      'workload',
      ...FOREIGN,
      'cli',
      'sweep-worker',
      'sweep',
    ])
  })

  test('builds its image once, for all', () => {
    expect(services.filter(([, { build }]) => build !== undefined).map(([name]) => name)).toEqual(['init'])
    for (const [name, { image }] of services.filter(([service]) => FOREIGN.includes(service)))
      expect(image, name).toMatch(/^\$\{COLDPOOL_[A-Z]+_IMAGE:-(prom\/prometheus|grafana\/grafana):v?\d+\.\d+\.\d+\}$/)
    for (const [name, { image }] of services.filter(([service]) => !FOREIGN.includes(service)))
      expect(image, name).toBe(
        name.startsWith('nats') ? '${COLDPOOL_NATS_IMAGE:-nats:2-alpine}' : '${COLDPOOL_IMAGE:-coldpool:local}',
      )
  })

  test('on three NATS servers knows all of them everywhere, and keeps streams on all', () => {
    for (const [name, { environment }] of services.filter(([, service]) => service.environment?.['COLDPOOL_BUS'] !== undefined))
      expect(environment!['COLDPOOL_BUS'], name).toBe('nats://nats:4222,nats://nats-2:4222,nats://nats-3:4222')
    expect(single.services['conductor']!.environment!['COLDPOOL_REPLICAS']).toBe(1)
    expect(joined['conductor']!.environment!['COLDPOOL_REPLICAS']).toBe(3)
    const { nats, 'nats-2': second } = joined
    expect({ ...second!, volumes: [], command: [], networks: [] }).toEqual({
      ...Object.fromEntries(Object.entries(nats!).filter(([option]) => option !== 'ports')),
      volumes: [],
      command: [],
      networks: [],
    })
  })

  test('can be set in .env in every way that the files know, and no other', () => {
    const known = [SINGLE, CLUSTER].flatMap((name) =>
      Array.from(
        readFileSync(new URL(name, ROOT), 'utf8').matchAll(/\$\{(\w+):-([^}]*)\}/g),
        ([, key, value]) => `#${key}=${value}`,
      ),
    )
    const example = Array.from(readFileSync(new URL('.env.example', ROOT), 'utf8').matchAll(/^#\w+=.*$/gm), ([line]) => line)
    expect(example.toSorted()).toEqual([...new Set(known)].toSorted())
  })
})

const VERSIONS = [
  ['docker-compose', ['version']],
  ['docker', ['compose', 'version']],
] as const

describe.skipIf(VERSIONS.every(([program, version]) => isAbsent(program, version)) && isMissing('docker-compose', 'version'))(
  'compose takes',
  () => {
    const present = VERSIONS.filter(([program, version]) => !isAbsent(program, version))

    test.each(present)('the profile for metrics (%s %j)', (program, version) => {
      const before = [...version.slice(0, -1), '-f', SINGLE, '--profile', 'metrics']
      const { status, stdout, stderr } = spawnSync(program, [...before, 'config', '--services'], { cwd: ROOT, encoding: 'utf8' })
      expect(status, stderr).toBe(0)
      expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining(['observer', ...FOREIGN]))
    })

    test.each(present)('both files (%s %j)', (program, version) => {
      for (const files of [[SINGLE], [SINGLE, CLUSTER]]) {
        const before = [...version.slice(0, -1), ...files.flatMap((file) => ['-f', file])]
        const { status, stdout, stderr } = spawnSync(program, [...before, 'config'], { cwd: ROOT, encoding: 'utf8' })
        expect(status, `${files.join(' ')}: ${stderr}`).toBe(0)
        const names = Object.keys((parse(stdout) as File).services)
        expect(names.toSorted(), files.join(' ')).toEqual(expect.arrayContaining(['conductor', 'device', 'host', 'init', 'nats']))
        expect(names.includes('nats-3')).toBe(files.includes(CLUSTER))
      }
    })
  },
)

function isAbsent(program: string, version: readonly string[]): boolean {
  return spawnSync(program, version, { stdio: 'ignore' }).status !== 0
}
