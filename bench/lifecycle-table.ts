/**
 * The compiled page lifecycle against a bare update of a typed array of the same size: the same random pages, one byte read
 * and written each. Ratio of rates within one run, so that the machine cancels out. Every event is legal for its page;
 * that it was is judged once, after the pass, because a branch that throws keeps V8 from hoisting its checks out of a loop.
 */
import { assert } from '#shared/errors.ts'
import { EVENT_BITS, FREE, ILLEGAL, TRANSITIONS } from '#shared/page/transitions.ts'
import { fork, Stream } from '#shared/random.ts'
import { secondsOf, type Benchmark } from './harness.ts'

const STATES = 16 << 20
/** Steps. */
const SLICE = 1 << 20
const EVENT_MASK = (1 << EVENT_BITS) - 1

export const lifecycleTable: Benchmark = {
  figures: [{ name: 'lifecycle-table-ratio', unit: 'of a bare update', goal: 0.6, better: 'higher' }],
  runs: 9,
  prepare: (quick) => {
    const steps = walk(quick ? 1 << 20 : 16 << 20)
    const bytes = new Uint8Array(STATES)
    const states = new Uint8Array(STATES)
    return () => {
      bytes.fill(FREE)
      states.fill(FREE)
      let bareSeconds = 0
      let tableSeconds = 0
      // In turns, so that what else the machine does meets both alike.
      for (let from = 0; from < steps.length; from += SLICE) {
        const slice = steps.subarray(from, from + SLICE)
        bareSeconds += secondsOf(() => updateBare(bytes, slice))
        tableSeconds += secondsOf(() => applyTable(states, slice))
      }
      return [bareSeconds / tableSeconds]
    }
  },
}

function applyTable(states: Uint8Array, steps: Uint32Array): void {
  const table = TRANSITIONS
  let seen = 0
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    const page = step >>> EVENT_BITS
    const after = table[(states[page]! << EVENT_BITS) | (step & EVENT_MASK)]!
    states[page] = after
    seen |= after
  }
  // ILLEGAL has all bits set, and no set of legal states does.
  assert(seen !== ILLEGAL, 'every event of the walk is legal')
}

function updateBare(bytes: Uint8Array, steps: Uint32Array): void {
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    bytes[step >>> EVENT_BITS]! += step & EVENT_MASK
  }
}

/** Random pages, and for each a random one of the events that its state allows, every page free at first: page and event in one number. */
function walk(length: number): Uint32Array {
  const stream = new Stream(fork(1, 'bench/lifecycle'))
  const legal = Array.from({ length: TRANSITIONS.length >> EVENT_BITS }, (_, state) =>
    Uint8Array.from(Array(1 << EVENT_BITS).keys()).filter((event) => TRANSITIONS[(state << EVENT_BITS) | event] !== ILLEGAL),
  )
  const states = new Uint8Array(STATES)
  const steps = new Uint32Array(length)
  for (let i = 0; i < length; i++) {
    const page = stream.below(STATES)
    const choices = legal[states[page]!]!
    const event = choices[stream.below(choices.length)]!
    states[page] = TRANSITIONS[(states[page]! << EVENT_BITS) | event]!
    steps[i] = ((page << EVENT_BITS) | event) >>> 0
  }
  return steps
}
