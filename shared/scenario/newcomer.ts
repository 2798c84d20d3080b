/** A scenario with one workload more, which a command brings while it runs. Its times count from that moment. */
import type { ActorId } from '../actor.ts'
import { assert } from '../errors.ts'
import type { Scenario } from '../scenario.ts'
import { inconsistencies } from './consistency.ts'
import { name } from './fields.ts'
import { type Problem, shown } from './problems.ts'
import { shapeProblems } from './shape.ts'
import { workload } from './workload.ts'

/** As many as a scenario may have from the start (schema.ts). */
const WORKLOADS_MAX = 256

export const NAME_TAKEN = 'the name is taken'

const newcomerName = name('The name of a newcomer')

/** What keeps a workload (`given`: its form as a scenario has it) from coming; nothing if it may. Paths begin at the scenario. */
export function newcomerProblems(scenario: Scenario, id: ActorId, given: unknown): Problem[] {
  const named = nameProblems(scenario, id)
  if (named.length > 0) return named
  const result = workload.safeParse(given)
  if (result.success) return [...taskProblems(id, result.data), ...inconsistencies(withWorkload(scenario, id, result.data))]
  return shapeProblems(result.error, given).map((problem) => ({ ...problem, path: ['workloads', id, ...problem.path] }))
}

/** Hosts know at birth who lives outside of the workloads' cgroup. */
function taskProblems(id: ActorId, added: Scenario['workloads'][string]): Problem[] {
  const { cgroup, deliberate } = added
  const wrong = (key: string, problem: string, expected: string): Problem[] => [
    { code: 'CP_SCENARIO_SHAPE', path: ['workloads', id, key], problem, expected },
  ]
  if (cgroup !== 'workloads') return wrong('cgroup', `got ${cgroup}`, 'workloads: a newcomer comes to no other cgroup')
  // What is in a file is known only where it is read, and then it is too late to say no.
  if (added.kind === 'trace' && added.file !== undefined) {
    return wrong('file', `got ${shown(added.file)}`, 'a recording: a newcomer reads no file')
  }
  return deliberate > 0 ? wrong('deliberate', `got ${deliberate} bytes`, '0B: a newcomer takes nothing on purpose') : []
}

/** The form of a newcomer's name, whether it is taken, and whether there is room for one more beside `others`. */
export function nameProblems(scenario: Scenario, id: ActorId, others = 0): Problem[] {
  const path = ['workloads', id]
  const { error } = newcomerName.safeParse(id)
  if (error) return shapeProblems(error, id).map((problem) => ({ ...problem, path: ['workloads'] }))
  const taken = [
    'conductor',
    ...(['devices', 'hosts', 'promoters', 'workloads'] as const).flatMap((kind) => Object.keys(scenario[kind])),
  ]
  if (taken.includes(id)) return [{ code: 'CP_SCENARIO_NAME', path, problem: NAME_TAKEN, expected: 'a name that is used once' }]
  const count = Object.keys(scenario.workloads).length + others + 1
  if (count <= WORKLOADS_MAX) return []
  return [
    { code: 'CP_SCENARIO_LIMIT', path: ['workloads'], problem: `got ${count} workloads`, expected: `at most ${WORKLOADS_MAX}` },
  ]
}

/** The scenario with the workload in it; its form was checked. */
export function enlarged(scenario: Scenario, id: ActorId, given: unknown): Scenario {
  const result = workload.safeParse(given)
  assert(result.success, `the form of ${id} was checked`)
  return withWorkload(scenario, id, result.data)
}

function withWorkload(scenario: Scenario, id: ActorId, added: Scenario['workloads'][string]): Scenario {
  return { ...scenario, workloads: { ...scenario.workloads, [id]: added } }
}
