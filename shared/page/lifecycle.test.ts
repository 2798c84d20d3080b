import type { SnapshotFrom } from 'xstate'
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../errors.ts'
import { PAGE_EVENTS, PAGE_STATES, pageLifecycle, type PageEvent, type PageState } from './lifecycle.ts'
import { EVENT, EVENT_BITS, ILLEGAL, next, TRANSITIONS } from './transitions.ts'
import * as table from './transitions.ts'

const events = PAGE_EVENTS.map((type) => ({ type }))

type Transition = { readonly event: { readonly type: PageEvent }; readonly state: SnapshotFrom<typeof pageLifecycle> }

describe('the compiled table', () => {
  test('is the machine, for every state and every event', () => {
    const walked = Object.values(getAdjacencyMap(pageLifecycle, { events }))
    expect(new Set(walked.map(({ state }) => state.value))).toEqual(new Set(PAGE_STATES))
    let legal = 0
    for (const { state, transitions } of walked) {
      const from = PAGE_STATES.indexOf(state.value)
      expect(Object.keys(transitions)).toHaveLength(PAGE_EVENTS.length)
      for (const { event, state: after } of Object.values<Transition>(transitions)) {
        const to = TRANSITIONS[(from << EVENT_BITS) | EVENT[event.type]]!
        if (state.can(event)) {
          legal++
          expect(PAGE_STATES[to], `${state.value} ${event.type}`).toBe(after.value)
        } else expect(to, `${state.value} ${event.type}`).toBe(ILLEGAL)
      }
    }
    expect(TRANSITIONS.filter((to) => to !== ILLEGAL)).toHaveLength(legal)
  })

  test('takes every shortest path to where the machine takes it', () => {
    const paths = getShortestPaths(pageLifecycle, { events })
    expect(paths).toHaveLength(PAGE_STATES.length)
    for (const path of paths) {
      let state = table.FREE
      for (const { event } of path.steps) if (event.type in EVENT) state = next(state, EVENT[event.type])
      expect(PAGE_STATES[state]).toBe(path.state.value)
    }
  })

  test('throws at every illegal pair, and says which', () => {
    let illegal = 0
    PAGE_STATES.forEach((name, state) => {
      const from = pageLifecycle.resolveState({ value: name })
      for (const type of PAGE_EVENTS) {
        if (from.can({ type })) continue
        illegal++
        expect(() => next(state, EVENT[type])).toThrow(new InvariantError(`page event ${type} in state ${name}`))
      }
    })
    expect(illegal).toBeGreaterThan(PAGE_STATES.length)
  })

  test('numbers the states as the page table does', () => {
    const named: Record<PageState, number> = {
      free: table.FREE,
      local: table.LOCAL,
      demoting: table.DEMOTING,
      pooled: table.POOLED,
      promoting: table.PROMOTING,
      swapped: table.SWAPPED,
      poisoned: table.POISONED,
    }
    for (const [name, state] of Object.entries(named)) expect(PAGE_STATES[state]).toBe(name)
    expect(PAGE_EVENTS.length).toBeLessThanOrEqual(1 << EVENT_BITS)
  })
})

describe('the life of a page', () => {
  test('can end from everywhere: no state is a trap', () => {
    for (const name of PAGE_STATES) {
      const fromState = pageLifecycle.resolveState({ value: name })
      const reached = getShortestPaths(pageLifecycle, { events, fromState }).map((path) => path.state.value)
      expect(reached, name).toContain('free')
    }
  })

  test('leads onto a device only through a question that it admitted, unless the page is allocated there', () => {
    const asking = events.filter(({ type }) => type !== 'LAND')
    for (const path of getShortestPaths(pageLifecycle, { events: asking })) {
      if (path.state.value !== 'pooled') continue
      expect(path.steps.map(({ event }) => event.type).slice(-3)).toEqual(['ALLOCATE', 'DEMOTE', 'ADMIT'])
    }
    const onto = PAGE_STATES.flatMap((name) =>
      PAGE_EVENTS.filter((type) => TRANSITIONS[(PAGE_STATES.indexOf(name) << EVENT_BITS) | EVENT[type]] === table.POOLED),
    )
    // A declined promotion never left.
    expect(onto).toEqual(['LAND', 'ADMIT', 'DECLINE'])
  })
})
