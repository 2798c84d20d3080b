/**
 * Everything hostile that can be said on a subject, by category, with what must become of it: the cause by which each process
 * that hears it counts it. What nobody hears, or what a stream stores, is counted by nobody.
 *
 * Left out is what an honest process of the same user would say in the same place, word for word: the next grant from the
 * conductor's user, or a `failed` of this generation for a stage of one's own role. Rights separate the users; whoever has a
 * user's password is that user.
 */
import { Packr } from 'msgpackr'
import {
  CONTROL,
  CONTROL_KINDS,
  type Control,
  type ControlKind,
  decodeControl,
  encodeControl,
  PROTOCOL_HASH,
} from '#shared/bus/control.ts'
import type { DropCause } from '#shared/bus/wire.ts'
import { readParcel } from '#shared/bus/mailbag.ts'
import type { Stream } from '#shared/random.ts'
import { VERSION } from '#simulation/cluster/version.ts'
import type { Shot, User } from './attacker.fixture.ts'
import type { Truth } from './truth.fixture.ts'

export interface Lie extends Shot {
  /** Of each process that hears it. */
  readonly cause: DropCause
}

/** A subject that its user may publish on. */
export interface Voice {
  readonly user: User
  readonly kind: string
  readonly to: string
  readonly subject: string
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })
export const STAGES: readonly User[] = ['host', 'device', 'promoter', 'workload']
const REPORTS = ['ready', 'stored', 'done', 'failed']
const BROADCASTS = ['status', 'sample', 'events']
const HEAD_BYTES = 24
const LARGE_BYTES = 1_000_000
const FAR = 1_000_000
const NOBODY = 'nobody-000000000000000000000000'

export const CATEGORIES = [
  'random',
  'truncated',
  'of wrong types',
  'replayed',
  'from the future',
  'of another epoch',
  'in the name of another',
  'a part of nothing',
] as const
export type Category = (typeof CATEGORIES)[number]

export class Malice {
  readonly #truth: Truth
  readonly #stream: Stream
  #serial = 0

  constructor(truth: Truth, stream: Stream) {
    this.#truth = truth
    this.#stream = stream
  }

  /** All subjects of the protocol that a user may speak on; where it may not, the server's refusal is all there is to see. */
  voices(user: User): Voice[] {
    const { run, lobby, roles, instances } = this.#truth
    const voice = (scope: string, kind: string, ...tos: readonly string[]): Voice[] =>
      tos.map((to) => ({ user, kind, to, subject: `coldpool.${scope}.${kind}.${user}.${to}` }))
    const stages = roles.map((_, stage) => String(stage))
    const toStages = ['bag', 'need'].flatMap((kind) => voice(run, kind, ...stages))
    switch (user) {
      // Sweeps and their workers have a room of their own, where nobody of the cluster hears them.
      case 'observer':
      case 'sweep':
      case 'worker':
        return []
      case 'operator':
        return voice(lobby, 'command', 'conductor')
      case 'conductor':
        // Not the journal: it is the conductor's own memory, and no other user can write it.
        return [
          ...voice(lobby, 'call', 'all', NOBODY, ...instances),
          ...['grant', ...BROADCASTS].flatMap((kind) => voice(run, kind, 'all')),
          ...toStages,
          ...voice(run, 'progress', 'workload-9'),
        ]
      default:
        return [
          ...voice(lobby, 'hello', 'conductor'),
          ...REPORTS.flatMap((kind) => voice(run, kind, 'conductor')),
          ...toStages,
          ...(user === 'workload' ? [...voice(lobby, 'join', 'conductor'), ...voice(run, 'mail', 'conductor')] : []),
        ]
    }
  }

  /** Kinds that a user may speak, somewhere. */
  spokenBy(user: User): ReadonlySet<string> {
    const stored = user === 'conductor' ? ['snapshot', 'journal'] : STAGES.includes(user) ? ['snapshot'] : []
    return new Set([...this.voices(user).map(({ kind }) => kind), ...stored])
  }

  /** How many processes of the run hear a subject; the observer is none of them. */
  hearers({ kind, to }: Voice): number {
    const { roles, instances } = this.#truth
    const stages = roles.length - 1
    if (kind === 'grant' || (kind === 'call' && to === 'all')) return stages
    if (kind === 'call') return instances.includes(to) ? 1 : 0
    return BROADCASTS.includes(kind) || kind === 'progress' ? 0 : 1
  }

  observed({ kind }: Voice): boolean {
    return BROADCASTS.includes(kind)
  }

  /** Undefined where the category makes no sense: nothing carries a time there, or it would be no lie. */
  lie(category: Category, voice: Voice): Lie | undefined {
    switch (category) {
      case 'random':
        return this.#lie(voice, this.#noise(200), 'malformed')
      case 'truncated':
        return this.#truncated(voice)
      case 'of wrong types':
        return this.#mistyped(voice)
      case 'replayed':
        return this.#replayed(voice)
      case 'from the future':
        return this.#shifted(voice, FAR)
      case 'of another epoch':
        return this.#ofGeneration(voice, 0)
      case 'in the name of another':
        return this.#impersonated(voice)
      case 'a part of nothing':
        return {
          ...this.#lie(voice, this.#noise(50), 'malformed'),
          part: this.#pick(['', '0 0 0', 'x 1 1', 'x 0 999999', '💥', 'x 0']),
        }
    }
  }

  /** What is announced and never finished. Beyond what a process keeps under way, each costs the oldest. */
  unfinished(voice: Voice): Lie {
    return { ...this.#lie(voice, this.#noise(50), 'overflow'), part: `u${this.#serial++} 0 4096` }
  }

  /** Of a process that does not exist. */
  invented(instance: string, answer: string): Uint8Array {
    const roles = [instance.split('-')[0]!]
    const empty = { run: '', generation: 0, stage: 0, capacity: 0, dropped: {}, beat: 0 }
    return encodeControl('hello', { schema: PROTOCOL_HASH, version: VERSION, name: instance, instance, roles, answer, ...empty })
  }

  /** Just what the server takes. */
  large(voice: Voice): Lie {
    return this.#lie(voice, new Uint8Array(LARGE_BYTES).fill(0xc1), 'malformed')
  }

  /** The name of a snapshot that nobody has stored. */
  object(): string {
    return `object-${this.#serial++}`
  }

  noise(bytesMax: number): Uint8Array {
    return this.#noise(bytesMax)
  }

  /** Requests without an answer's address are from nobody. */
  #lie({ kind, subject }: Voice, bytes: Uint8Array, cause: DropCause): Lie {
    return { subject, bytes, cause: kind === 'join' || kind === 'command' ? 'stranger' : cause }
  }

  #truncated(voice: Voice): Lie | undefined {
    const whole = this.#genuine(voice)
    const bytes = whole.subarray(0, this.#stream.below(whole.length))
    // A bag's head is in clear, and tells that it is old; the rest is never opened.
    return this.#lie(voice, bytes, voice.kind === 'bag' && bytes.length > HEAD_BYTES ? 'old' : 'malformed')
  }

  #mistyped(voice: Voice): Lie | undefined {
    const { kind } = voice
    if (kind === 'progress') return undefined
    if (kind === 'bag') return this.#lie(voice, this.#badHead(), 'malformed')
    if (kind === 'mail' || kind === 'join' || kind === 'command' || BROADCASTS.includes(kind))
      return this.#lie(
        voice,
        packr.pack(this.#pick<unknown>([{}, [], null, 'text', [1, 2, 3], { host: 7 }, { quantum: 'soon' }])),
        'malformed',
      )
    const [index, ...fields] = packr.unpack(this.#genuine(voice)) as [number, ...unknown[]]
    const types = Object.values(CONTROL[CONTROL_KINDS[index]!].fields)
    const wrong: unknown[] = [index, ...fields]
    // What is plain data to the table has a schema of its own behind it.
    const at = this.#pick([...types.keys()].filter((i) => types[i] !== 'data'))
    const variants: (() => Uint8Array)[] = [
      () => packr.pack(wrong.with(at + 1, this.#wrong(types[at]!))),
      () => packr.pack(wrong.with(0, this.#pick<unknown>([99, -1, 0.5, null, 'hello']))),
      () => packr.pack(wrong.slice(0, -1)),
      () => packr.pack([...wrong, 7]),
      () => packr.pack(Object.fromEntries(wrong.entries())),
      // Lists in lists, deeper than a stack; lists that say they are longer than memory.
      () => new Uint8Array(5000).fill(0x91),
      () => Uint8Array.from({ length: 50 }, (_, i) => [0xdd, 0x01, 0xff, 0xff, 0xff][i % 5]!),
    ]
    return this.#lie(voice, this.#pick(variants)(), 'malformed')
  }

  #replayed(voice: Voice): Lie | undefined {
    const { kind, subject } = voice
    const bytes = this.#pick(this.#truth.on(subject))
    if (bytes === undefined || kind === 'progress') return undefined
    if (kind === 'ready') return this.#lie(voice, bytes, 'double')
    if (kind === 'hello' && isUnproven(bytes)) return this.#lie(voice, bytes, 'unproven')
    if (kind !== 'call') return this.#lie(voice, bytes, 'old')
    // A stage that is assigned what it carries says ready again. A probe it answers, as it must.
    const call = decodeControl(bytes).kind
    return call === 'assign' ? this.#lie(voice, bytes, 'double') : undefined
  }

  #shifted(voice: Voice, by: number): Lie | undefined {
    const { kind } = voice
    if (kind === 'bag')
      return this.#lie(
        voice,
        this.#bag(voice, (head) => head.setFloat64(8, by)),
        'early',
      )
    if (kind === 'need' || REPORTS.slice(0, 2).includes(kind) || kind === 'failed') return this.#ofGeneration(voice, by)
    const control = this.#control(voice)
    if (control?.kind === 'grant') return this.#lie(voice, encodeControl('grant', { ...control.body, number: by }), 'early')
    if (control?.kind === 'done') return this.#lie(voice, encodeControl('done', { ...control.body, number: by }), 'early')
    // A later assignment from the conductor's user would be one.
    return undefined
  }

  #ofGeneration(voice: Voice, generation: number): Lie | undefined {
    const { kind, to } = voice
    if (kind === 'bag')
      return this.#lie(
        voice,
        this.#bag(voice, (head) => head.setFloat64(0, generation)),
        'old',
      )
    if (kind === 'call') {
      const { run } = this.#truth
      return to === 'all'
        ? undefined
        : this.#lie(voice, encodeControl('go', { instance: to, run, generation, reason: 'because' }), 'old')
    }
    const control = this.#control(voice)
    if (control === undefined || !('generation' in control.body) || control.kind === 'hello') return undefined
    return this.#lie(voice, encodeControl<ControlKind>(control.kind, { ...control.body, generation }), 'old')
  }

  /** In one's own role, of what belongs to another. */
  #impersonated(voice: Voice): Lie | undefined {
    const { kind, to, user } = voice
    const { roles, instances, run, generation } = this.#truth
    const other = roles.findIndex((role) => role !== user && role !== 'conductor')
    if (kind === 'bag')
      return this.#lie(
        voice,
        this.#bag(voice, (head) => head.setFloat64(16, other)),
        'stranger',
      )
    if (kind === 'call') {
      const instance = this.#pick(instances.filter((one) => one !== to))
      return this.#lie(voice, encodeControl('go', { instance, run, generation, reason: 'because' }), 'stranger')
    }
    const control = this.#control(voice)
    if (control?.kind === 'hello') {
      const instance = instances.find((one) => !one.startsWith(user))!
      return this.#lie(voice, encodeControl('hello', { ...control.body, instance, beat: FAR }), 'stranger')
    }
    if (control?.kind !== 'done' && control?.kind !== 'failed' && control?.kind !== 'ready') return undefined
    return this.#lie(voice, encodeControl<ControlKind>(control.kind, { ...control.body, stage: other }), 'stranger')
  }

  /** A real message of this subject, or, where there was none, one as it would be. */
  #genuine(voice: Voice): Uint8Array {
    const { kind, subject, user } = voice
    const heard = this.#pick(this.#truth.on(subject))
    if (heard !== undefined) return heard
    const { generation, run, roles, instances } = this.#truth
    const stage = roles.indexOf(user)
    switch (kind) {
      case 'bag':
        return this.#bag(voice, () => {})
      case 'need':
        return encodeControl('need', { generation, stage: 1, number: 1 })
      case 'failed':
        return encodeControl('failed', { generation, stage, code: 'CP_WIRE', message: 'so it is' })
      case 'call':
        return encodeControl('go', { instance: instances[0]!, run, generation: 0, reason: 'because' })
      case 'stored':
        return encodeControl('stored', {
          generation,
          stage,
          set: 'x',
          object: 'x',
          chunks: 1,
          bytes: 1,
          digest: 'x',
          positions: [1],
        })
      default:
        return packr.pack({ command: 'stop', id: 'nobody', host: 'nowhere', quantum: 0, events: [] })
    }
  }

  #control(voice: Voice): Control | undefined {
    if (!['hello', 'grant', 'need', ...REPORTS].includes(voice.kind)) return undefined
    return decodeControl(this.#genuine(voice))
  }

  /** An old one from a stage of one's own, with something about its head changed. */
  #bag({ user, subject }: Voice, change: (head: DataView) => void): Uint8Array {
    const { generation, roles } = this.#truth
    const heard = this.#pick(this.#truth.on(subject))
    const bytes = heard === undefined ? new Uint8Array(HEAD_BYTES + 40).fill(7) : Uint8Array.from(heard)
    const head = new DataView(bytes.buffer, 0, HEAD_BYTES)
    if (heard === undefined || readParcel(heard) === undefined) {
      for (const [i, value] of [generation, 0, roles.indexOf(user)].entries()) head.setFloat64(i * 8, value)
    }
    change(head)
    return bytes
  }

  #badHead(): Uint8Array {
    const bytes = new Uint8Array(HEAD_BYTES + 40)
    const at = this.#stream.below(3) * 8
    new DataView(bytes.buffer).setFloat64(at, this.#pick([NaN, -1, 0.5, Infinity, 2 ** 60]))
    return this.#stream.below(4) === 0 ? bytes.subarray(0, this.#stream.below(HEAD_BYTES)) : bytes
  }

  #wrong(type: string): unknown {
    const text = 'x'.repeat(5000)
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      whole: [-1, 0.5, 2 ** 60, '1', null, []],
      real: [NaN, '1', null],
      flag: [0, 'true', null],
      text: [7, null, text, ['x'], new Uint8Array(4)],
      document: [7, null, {}],
      'whole[]': [[-1], ['1'], 7, null, { length: 3 }],
      'text[]': [[1], [text], 'x', null],
    }
    return this.#pick(wrong[type]!)
  }

  #noise(bytesMax: number): Uint8Array {
    return Uint8Array.from({ length: this.#stream.below(bytesMax) }, () => this.#stream.below(256))
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#stream.below(from.length)]!
  }
}

function isUnproven(bytes: Uint8Array): boolean {
  const { kind, body } = decodeControl(bytes)
  return kind === 'hello' && body.answer === ''
}
