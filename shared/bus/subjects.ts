/**
 * What subjects there are, and who says what under them. A subject is `coldpool.SCOPE.KIND.ROLE.TO`: the server lets each user
 * publish under its own ROLE alone (deploy/nats/users.conf; a test holds it against this table). docs/PROTOCOL.md is made of it.
 */
import { STAGE_ROLES } from '../messages.ts'
import type { ControlKind } from './control.ts'

type Speaker = 'conductor' | 'host' | 'device' | 'promoter' | 'workload' | 'operator' | 'sweep' | 'worker'

interface SubjectSpec {
  /** The SCOPE: the name of a run, or `lobby-` and the name of a cluster, where processes meet before there is a run. */
  readonly scope: 'run' | 'lobby' | 'both'
  /** The ROLE. */
  readonly from: readonly Speaker[]
  /** The TO, in words. */
  readonly to: string
  /** The control messages (control.ts) that travel here; none: `meaning` says what does. */
  readonly control: readonly ControlKind[]
  readonly meaning: string
}

export const SUBJECTS = {
  hello: {
    scope: 'lobby',
    from: STAGE_ROLES,
    to: 'conductor',
    control: ['hello'],
    meaning: 'a process is there, and what it carries',
  },
  call: {
    scope: 'lobby',
    from: ['conductor'],
    to: "a process's instance, or all",
    control: ['refuse', 'probe', 'assign', 'go'],
    meaning: 'what the conductor wants of a process',
  },
  ready: { scope: 'run', from: STAGE_ROLES, to: 'conductor', control: ['ready'], meaning: 'an assignment is taken' },
  grant: { scope: 'run', from: ['conductor'], to: 'all', control: ['grant'], meaning: 'a quantum may be stepped' },
  done: { scope: 'run', from: STAGE_ROLES, to: 'conductor', control: ['done'], meaning: 'a grant is carried out' },
  bag: {
    scope: 'run',
    from: ['conductor', ...STAGE_ROLES],
    to: 'number of the receiving stage',
    control: [],
    meaning: 'all mail from one stage to another in one grant, as a bag',
  },
  need: {
    scope: 'run',
    from: ['conductor', ...STAGE_ROLES],
    to: 'number of the stage that sent the bag',
    control: ['need'],
    meaning: 'a bag has not come',
  },
  stored: { scope: 'run', from: STAGE_ROLES, to: 'conductor', control: ['stored'], meaning: 'a snapshot lies in the store' },
  failed: { scope: 'run', from: STAGE_ROLES, to: 'conductor', control: ['failed'], meaning: 'a stage cannot go on' },
  snapshot: {
    scope: 'run',
    from: ['conductor', ...STAGE_ROLES],
    to: 'OBJECT.INDEX',
    control: [],
    meaning: 'a chunk of a snapshot, stored in the JetStream stream coldpool-snapshots and read back by its subject',
  },
  journal: {
    scope: 'both',
    from: ['conductor'],
    to: 'kind of record',
    control: [],
    meaning: 'what decides a run, in the JetStream stream coldpool-journal; the conductor alone writes and reads it',
  },
  status: {
    scope: 'run',
    from: ['conductor'],
    to: 'all',
    control: [],
    meaning: 'how the run stands, once a second, for whoever listens',
  },
  sample: {
    scope: 'run',
    from: ['conductor'],
    to: 'all',
    control: [],
    meaning: 'telemetry of all actors, as often as the scenario says',
  },
  events: {
    scope: 'run',
    from: ['conductor'],
    to: 'all',
    control: [],
    meaning: 'what happened in a quantum, in which anything did',
  },
  command: {
    scope: 'lobby',
    from: ['operator'],
    to: 'conductor',
    control: [],
    meaning: "an operator's request, which is answered",
  },
  join: {
    scope: 'lobby',
    from: ['workload'],
    to: 'conductor',
    control: [],
    meaning: 'a foreign workload asks to come to a host, and is answered',
  },
  mail: { scope: 'run', from: ['workload'], to: 'conductor', control: [], meaning: 'what a foreign workload says' },
  progress: {
    scope: 'run',
    from: ['conductor'],
    to: 'id of the foreign workload',
    control: [],
    meaning: 'what a foreign workload hears',
  },
  variant: {
    scope: 'lobby',
    from: ['sweep'],
    to: 'worker',
    control: [],
    meaning: "a variant of a sweep, to one of the workers' queue group, which answers whether it takes it",
  },
  outcome: {
    scope: 'lobby',
    from: ['worker'],
    to: 'digest of the sweep',
    control: [],
    meaning: 'what came of a variant, which is answered when it is heard',
  },
  beat: {
    scope: 'lobby',
    from: ['worker'],
    to: 'all',
    control: [],
    meaning: 'once a second: a worker is there, and which variants it runs',
  },
} as const satisfies Record<string, SubjectSpec>

export type SubjectKind = keyof typeof SUBJECTS
