import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { PermissionViolationError, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { USERS } from '../../deploy/secrets.ts'
import { ConfiguredServer } from './nats-server.fixture.ts'
import { isMissing } from './tool.fixture.ts'

type User = (typeof USERS)[number]

const A_STAGE_SAYS = [
  'hello conductor',
  'ready conductor',
  'done conductor',
  'stored conductor',
  'failed conductor',
  'bag *',
  'need *',
  'snapshot *',
]
const A_STAGE_HEARS = ['call conductor *', 'grant conductor all', 'bag * *', 'need * *']
const A_LISTENER_HEARS = ['status conductor all', 'sample conductor all', 'events conductor all']

/** Kind and destination of what each may say in its own role; nobody may say anything in the role of another. */
const SAYS: Readonly<Record<User, readonly string[]>> = {
  conductor: [
    'call *',
    'grant *',
    'bag *',
    'need *',
    'status *',
    'sample *',
    'events *',
    'progress *',
    'journal *',
    'snapshot *',
  ],
  host: A_STAGE_SAYS,
  device: A_STAGE_SAYS,
  promoter: A_STAGE_SAYS,
  workload: [...A_STAGE_SAYS, 'join conductor', 'mail conductor'],
  observer: [],
  operator: ['command conductor'],
  sweep: ['variant worker'],
  worker: ['outcome *', 'beat all'],
}

/** Kind, sender and destination of what each may hear, beside the answers to its own questions. */
const HEARS: Readonly<Record<User, readonly string[]>> = {
  conductor: ['* * *'],
  host: A_STAGE_HEARS,
  device: A_STAGE_HEARS,
  promoter: A_STAGE_HEARS,
  workload: [...A_STAGE_HEARS, 'progress conductor *'],
  observer: A_LISTENER_HEARS,
  operator: A_LISTENER_HEARS,
  sweep: ['outcome worker *', 'beat worker all'],
  worker: ['variant sweep worker'],
}

const KINDS = (
  'call grant status sample events progress journal hello ready done stored failed ' +
  'bag need snapshot join mail command variant outcome beat invented'
).split(' ')
const DESTINATIONS = ['conductor', 'all', 'worker', '3']

/** Every kind in every role to every destination: kind, role, destination. */
const SUBJECTS = KINDS.flatMap((kind) => USERS.flatMap((role) => DESTINATIONS.map((to) => [kind, role, to] as const)))

/** Where a request for JetStream goes; a stage may read snapshots, the rest is the conductor's. */
const READS_A_SNAPSHOT = '$JS.API.DIRECT.GET.coldpool-snapshots.coldpool.run.snapshot.host.host-1'
const JETSTREAM = [
  '$JS.API.INFO',
  '$JS.API.STREAM.CREATE.coldpool-journal',
  '$JS.API.STREAM.UPDATE.coldpool-journal',
  '$JS.API.STREAM.PURGE.coldpool-journal',
  '$JS.API.STREAM.DELETE.coldpool-journal',
  '$JS.API.STREAM.DELETE.coldpool-snapshots',
  '$JS.API.STREAM.MSG.DELETE.coldpool-snapshots',
  '$JS.API.STREAM.MSG.GET.coldpool-journal',
  '$JS.API.STREAM.RESTORE.mine',
  '$JS.API.CONSUMER.CREATE.coldpool-journal',
  '$JS.API.DIRECT.GET.coldpool-journal.coldpool.run.journal.conductor.bags',
]

const STAGES = new Set<User>(['host', 'device', 'promoter', 'workload'])

describe.skipIf(isMissing('nats-server', '--version'))('on a real server with generated passwords', () => {
  let server: ConfiguredServer
  const connections: NatsConnection[] = []

  async function login(user: User): Promise<NatsConnection> {
    const connection = await server.connect(user)
    connections.push(connection)
    return connection
  }

  beforeAll(async () => {
    server = await ConfiguredServer.start()
  })

  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()))
    await server.stop()
  })

  test('nobody comes in without a password, with that of another, or as somebody unknown', async () => {
    await expect(server.anonymous()).rejects.toThrow(/authorization violation/i)
    await expect(server.connect('conductor', server.passwordOf('observer'))).rejects.toThrow(/authorization violation/i)
    await expect(server.connect('route', server.passwordOf('host'))).rejects.toThrow(/authorization violation/i)
  })

  test.each(USERS)('%s says what it must, in its own role, and nothing else', async (user) => {
    const refused = await refusedPublishes(
      await login(user),
      SUBJECTS.map((words) => subjectOf(words)),
    )
    for (const [kind, role, to] of SUBJECTS) {
      const may = role === user && SAYS[user].some((right) => covers(right, [kind, to]))
      expect(!refused.has(subjectOf([kind, role, to])), `${user} says ${subjectOf([kind, role, to])}`).toBe(may)
    }
  })

  test.each(USERS)('%s hears what it must, and nothing else', async (user) => {
    const refused = await refusedSubscriptions(
      await login(user),
      SUBJECTS.map((words) => subjectOf(words)),
    )
    for (const words of SUBJECTS) {
      const may = HEARS[user].some((right) => covers(right, words))
      expect(!refused.has(subjectOf(words)), `${user} hears ${subjectOf(words)}`).toBe(may)
    }
  })

  test.each(USERS)('%s reads the answers to its own questions alone, and not the whole bus', async (user) => {
    const inboxes = USERS.map((other) => `_INBOX_${other}.>`)
    const wide = ['>', '*.>', '_INBOX.>', '$SYS.>', '$JS.>', 'coldpool.>']
    const refused = await refusedSubscriptions(await login(user), [...inboxes, ...wide])
    const allowed = [...inboxes, ...wide].filter((subject) => !refused.has(subject))
    expect(allowed).toEqual(user === 'conductor' ? [`_INBOX_${user}.>`, 'coldpool.>'] : [`_INBOX_${user}.>`])
  })

  test.each(USERS)('%s writes into nobody’s inbox', async (user) => {
    const inboxes = USERS.map((other) => `_INBOX_${other}.x.1`)
    const refused = await refusedPublishes(await login(user), inboxes)
    const allowed = inboxes.filter((subject) => !refused.has(subject))
    expect(allowed).toEqual([])
  })

  test.each(USERS)('%s asks JetStream for no more than it needs', async (user) => {
    const asked = [READS_A_SNAPSHOT, ...JETSTREAM]
    const refused = await refusedPublishes(await login(user), asked)
    const allowed = asked.filter((subject) => !refused.has(subject))
    expect(allowed).toEqual(user === 'conductor' ? asked : STAGES.has(user) ? [READS_A_SNAPSHOT] : [])
  })

  test('the conductor makes both streams; a stage stores a snapshot, acknowledged, and reads it back', async () => {
    const manager = await jetstreamManager(await login('conductor'))
    await manager.streams.add({ name: 'coldpool-journal', subjects: ['coldpool.*.journal.>'] })
    await manager.streams.add({ name: 'coldpool-snapshots', subjects: ['coldpool.*.snapshot.>'], allow_direct: true })

    const stage = await login('host')
    const subject = 'coldpool.run.snapshot.host.host-1'
    const stored = await jetstream(stage).publish(subject, 'pages')
    expect(stored.stream).toBe('coldpool-snapshots')
    const store = await jetstreamManager(stage, { checkAPI: false })
    const read = await store.direct.getMessage('coldpool-snapshots', { last_by_subj: subject })
    expect(read?.string()).toBe('pages')
    await expect(stage.request('$JS.API.STREAM.DELETE.coldpool-snapshots', '', { timeout: 1000 })).rejects.toThrow(
      /timeout|permission/i,
    )
    expect((await manager.streams.info('coldpool-snapshots')).state.messages).toBe(1)
  })

  test('a worker answers a sweep that hands out a variant, and is answered when it tells what came of it', async () => {
    const answer = (_: unknown, message: { respond(text: string): unknown }): void => void message.respond('heard')
    const [sweep, worker] = [await login('sweep'), await login('worker')]
    sweep.subscribe('coldpool.lobby-x.outcome.worker.0123', { callback: answer })
    worker.subscribe('coldpool.lobby-x.variant.sweep.worker', { callback: answer, queue: 'workers' })
    await Promise.all([sweep.flush(), worker.flush()])
    expect((await sweep.request('coldpool.lobby-x.variant.sweep.worker', 'please')).string()).toBe('heard')
    expect((await worker.request('coldpool.lobby-x.outcome.worker.0123', 'done')).string()).toBe('heard')
  })

  test('the conductor answers an operator, and a workload that joins from outside', async () => {
    const conductor = await login('conductor')
    conductor.subscribe('coldpool.*.*.*.conductor', { callback: (_, message) => void message.respond('heard') })
    await conductor.flush()
    for (const [user, kind] of [
      ['operator', 'command'],
      ['workload', 'join'],
    ] as const) {
      const answer = await (await login(user)).request(`coldpool.run.${kind}.${user}.conductor`, 'please')
      expect(answer.string()).toBe('heard')
    }
  })
})

function subjectOf(words: readonly string[]): string {
  return `coldpool.run.${words.join('.')}`
}

/** `*` stands for any word. */
function covers(right: string, words: readonly string[]): boolean {
  return right.split(' ').every((word, i) => word === '*' || word === words[i])
}

/** Those that the server refuses. It says so in their order, so the last one, which nobody may, ends the list. */
async function refusedPublishes(connection: NatsConnection, subjects: readonly string[]): Promise<ReadonlySet<string>> {
  const last = 'nobody.may'
  const statuses = connection.status()
  for (const subject of [...subjects, last]) connection.publish(subject)
  const refused = new Set<string>()
  for await (const status of statuses) {
    if (status.type !== 'error' || !(status.error instanceof PermissionViolationError)) continue
    if (status.error.subject === last) break
    refused.add(status.error.subject)
  }
  return refused
}

async function refusedSubscriptions(connection: NatsConnection, subjects: readonly string[]): Promise<ReadonlySet<string>> {
  const refused = new Set<string>()
  for (const subject of subjects)
    connection.subscribe(subject, {
      callback: (error) => {
        if (error instanceof PermissionViolationError) refused.add(error.subject)
      },
    })
  await connection.flush()
  return refused
}
