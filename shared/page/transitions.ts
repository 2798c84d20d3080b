/** The page lifecycle compiled to a table: state × event → state, ILLEGAL where the machine has no such transition. */
import { getNextSnapshot } from 'xstate'
import { InvariantError } from '../errors.ts'
import { PAGE_EVENTS, PAGE_STATES, pageLifecycle, type PageEvent } from './lifecycle.ts'

export const ILLEGAL = 255

/** Row length of the table: a power of two, so that an index is a shift and an or. */
export const EVENT_BITS = 4

export const FREE = 0
export const LOCAL = 1
export const DEMOTING = 2
export const POOLED = 3
export const PROMOTING = 4
export const SWAPPED = 5
export const POISONED = 6

export const EVENT = Object.fromEntries(PAGE_EVENTS.map((name, index) => [name, index])) as Record<PageEvent, number>

export const TRANSITIONS: Uint8Array = compile()

/** The state after `event` in `state`. An illegal pair is a bug: it throws. */
export function next(state: number, event: number): number {
  const after = TRANSITIONS[(state << EVENT_BITS) | event]!
  return after === ILLEGAL ? illegal(state, event) : after
}

/** Apart from `next`, which then runs half as fast again. */
function illegal(state: number, event: number): never {
  throw new InvariantError(`page event ${PAGE_EVENTS[event]} in state ${PAGE_STATES[state]}`)
}

function compile(): Uint8Array {
  const table = new Uint8Array(PAGE_STATES.length << EVENT_BITS).fill(ILLEGAL)
  PAGE_STATES.forEach((state, row) => {
    const from = pageLifecycle.resolveState({ value: state })
    PAGE_EVENTS.forEach((event, column) => {
      if (!from.can({ type: event })) return
      const to = getNextSnapshot(pageLifecycle, from, { type: event }).value
      table[(row << EVENT_BITS) | column] = PAGE_STATES.indexOf(to)
    })
  })
  return table
}
