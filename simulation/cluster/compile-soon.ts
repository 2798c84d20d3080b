/**
 * When V8's best compiler begins. What a quantum runs between two messages it runs once, a few hundred times a second, in as many
 * processes as there are actors: left to itself V8 would take ten seconds to compile it. So a process that has carried out
 * some grants asks for it sooner; before, it would pay for compiling what runs at its start alone. bench nats-over-bare-barrier: 0.80 in place of 0.73.
 */
import { setFlagsFromString } from 'node:v8'

/** Before V8's middle compiler takes what runs in each of them (400 calls), and with that sets when the best one looks again. */
const GRANTS_BEFORE = 200
/** Of V8's own 3000. Fewer, and it compiles what it has seen too little of. */
const CALLS_BEFORE_TURBOFAN = 300

/** The compiler is the process's, whatever runs it carries. */
let grants = 0

export function countGrant(): void {
  if (++grants === GRANTS_BEFORE) setFlagsFromString(`--invocation-count-for-turbofan=${CALLS_BEFORE_TURBOFAN}`)
}
