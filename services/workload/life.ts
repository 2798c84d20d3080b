/** The life of a workload. From `ended` and `killed` nothing leads back: its memory is gone. */
import { setup } from 'xstate'

export const workloadLife = setup({
  types: { events: {} as { type: 'START' | 'END' | 'KILL' } },
}).createMachine({
  id: 'workload',
  initial: 'waiting',
  states: {
    /** Its start has not come. */
    waiting: { on: { START: 'running', END: 'ended' } },
    running: { on: { END: 'ended', KILL: 'killed' } },
    /** It left by itself (its stop has come, or it has done all it set out to do) or as it was told. */
    ended: {},
    /** Its host killed it. */
    killed: {},
  },
})
