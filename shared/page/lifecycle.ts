/**
 * The life of a page, as people read it and as the model-based tests walk it. No guards and no context: a choice is an
 * event of its own. It is far too slow to run per page; transitions.ts compiles it into a table.
 *
 * A page that swap is still writing out is already `swapped`; its frame or slot comes back when the write is done.
 */
import { setup } from 'xstate'

export const PAGE_EVENTS = [
  'ALLOCATE',
  'DEMOTE',
  'ADMIT',
  'REFUSE',
  'PROMOTE',
  'WRITE_FAULT',
  'ARRIVE',
  'DECLINE',
  'SWAP_OUT',
  'SWAP_IN',
  'POISON',
  'FREE',
  'LAND',
  'ACCESS_FAULT',
] as const
export type PageEvent = (typeof PAGE_EVENTS)[number]

export const PAGE_STATES = ['free', 'local', 'demoting', 'pooled', 'promoting', 'swapped', 'poisoned'] as const
export type PageState = (typeof PAGE_STATES)[number]

export const pageLifecycle = setup({
  types: { events: {} as { type: PageEvent } },
}).createMachine({
  id: 'page',
  initial: 'free',
  states: {
    /** Belongs to a workload's range, never touched or given back. */
    free: { on: { ALLOCATE: 'local', LAND: 'pooled' } },
    /** In a DRAM frame. */
    local: { on: { DEMOTE: 'demoting', SWAP_OUT: 'swapped', FREE: 'free' } },
    /** The device was asked; still in its DRAM frame and accessible. */
    demoting: { on: { ADMIT: 'pooled', REFUSE: 'local', FREE: 'free' } },
    /** On the device, compressed, mapped: by a demotion, or because it was allocated there (LAND), which asks nobody. */
    pooled: {
      on: {
        PROMOTE: 'promoting',
        WRITE_FAULT: 'promoting',
        ACCESS_FAULT: 'promoting',
        SWAP_OUT: 'swapped',
        POISON: 'poisoned',
        FREE: 'free',
      },
    },
    /** Being copied home: holds a slot and a frame. */
    promoting: { on: { ARRIVE: 'local', DECLINE: 'pooled', POISON: 'poisoned', FREE: 'free' } },
    swapped: { on: { SWAP_IN: 'local', FREE: 'free' } },
    /** On the device, its last write dropped: the next reader is hit. */
    poisoned: { on: { FREE: 'free' } },
  },
})
