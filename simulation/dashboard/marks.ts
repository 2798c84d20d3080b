/** Events as marks on the charts: of each kind the last ones, so that many of one kind do not push out the few of another. */
import type { ActorEvent } from '#shared/actor.ts'

export type Mark = ActorEvent

const KEPT_PER_CODE = 200
const CODES_MAX = 64
const FIELDS_MAX = 12
const TEXT_MAX = 160

export class Marks {
  readonly #byCode = new Map<string, Mark[]>()

  /** Gives it as it is kept; undefined if there is no room for its kind. */
  add({ quantum, actor, code, fields }: ActorEvent): Mark | undefined {
    const kind = code.slice(0, TEXT_MAX)
    let kept = this.#byCode.get(kind)
    if (kept === undefined) {
      if (this.#byCode.size >= CODES_MAX) return undefined
      this.#byCode.set(kind, (kept = []))
    }
    const mark = { quantum, actor: actor.slice(0, TEXT_MAX), code: kind, fields: brief(fields) }
    kept.push(mark)
    if (kept.length > KEPT_PER_CODE) kept.shift()
    return mark
  }

  clear(): void {
    this.#byCode.clear()
  }

  /** In the order of their quanta. */
  get items(): Mark[] {
    return [...this.#byCode.values()].flat().toSorted((x, y) => x.quantum - y.quantum)
  }
}

function brief(fields: Mark['fields']): Mark['fields'] {
  const entries = Object.entries(fields).slice(0, FIELDS_MAX)
  return Object.fromEntries(entries.map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, TEXT_MAX) : value]))
}
