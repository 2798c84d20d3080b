/** Every error that a user or a peer can cause, by code. A broken invariant is not here: it asserts. */

export const ERRORS = {
  CP_SCENARIO_READ: 'the scenario file cannot be read',
  CP_SCENARIO_SIZE: 'the scenario file is larger than the limit',
  CP_SCENARIO_YAML: 'the scenario is not well-formed YAML',
  CP_SCENARIO_SHAPE: 'a value of the scenario has the wrong form',
  CP_SCENARIO_NAME: 'a name in the scenario refers to nothing, or is used twice',
  CP_SCENARIO_LIMIT: 'the scenario asks for more than the simulator can hold',
  CP_INJECTION: 'a command to a run has the wrong form, or cannot be given',
  CP_OVERRIDE: 'a --set names no value of the scenario',
  CP_OPTION: 'a command-line option has the wrong form',
  CP_DATA: 'a data file of the product is missing or damaged',
  CP_TRACE: 'a file of references is missing, damaged, or not the one that the run began with',
  CP_OUTPUT: 'a folder of results cannot be written',
  CP_RUN_FOLDER: 'the folder of a run is missing or damaged',
  CP_SWEEP: 'a sweep has the wrong form',
  CP_SWEEP_FOLDER: 'the folder of a sweep is missing or damaged, or is in use',
  CP_WIRE: 'a message from outside is malformed',
  CP_BUS: 'the bus cannot be reached, or nobody answers',
  CP_STAGE: 'a stage of the cluster failed',
  CP_DIVERGED: 'a repeated run did not do what it had done before',
  CP_JOURNAL: 'the journal or the snapshots cannot be stored or read',
  CP_SUPERSEDED: 'the run was taken over by another conductor',
  CP_COMMAND: 'a command asks for what cannot be done',
  CP_REFUSED: 'the conductor does not let this process in: it speaks another version, or its name is taken',
} as const

export type ErrorCode = keyof typeof ERRORS

/** What went wrong, where, and what was expected: one line. */
export class ColdpoolError extends Error {
  readonly code: ErrorCode
  /** The place: a path in the scenario, a file, an option, an actor and virtual time. */
  readonly where: string
  readonly problem: string
  readonly expected: string

  constructor(code: ErrorCode, where: string, problem: string, expected: string) {
    super(`${code} ${where}: ${problem}; expected ${expected}`)
    this.name = 'ColdpoolError'
    this.code = code
    this.where = where
    this.problem = problem
    this.expected = expected
  }
}

/** A broken invariant: a bug of ours, never of the user. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(`invariant broken: ${message}`)
    this.name = 'InvariantError'
  }
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}
