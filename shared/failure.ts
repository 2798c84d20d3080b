/** An error as it goes from thread to thread or from process to process: on the way, errors of ours would lose what they are. */
import { ColdpoolError, type ErrorCode, InvariantError } from './errors.ts'
import { ScenarioError } from './scenario/problems.ts'

export type Failure =
  | ({ readonly kind: 'user' } & Parts)
  | { readonly kind: 'scenario'; readonly problems: readonly Parts[] }
  | { readonly kind: 'invariant' | 'other'; readonly message: string; readonly stack: string }

interface Parts {
  readonly code: ErrorCode
  readonly where: string
  readonly problem: string
  readonly expected: string
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ColdpoolError) return { kind: 'user', ...partsOf(error) }
  if (error instanceof ScenarioError) return { kind: 'scenario', problems: error.problems.map(partsOf) }
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error))
  return { kind: error instanceof InvariantError ? 'invariant' : 'other', message, stack }
}

/** The same error again, with the stack of where it was thrown if it is a bug of ours. */
export function errorOf(failure: Failure): Error {
  if (failure.kind === 'user') return joined(failure)
  // It was cut, with its file's name, when it was first thrown.
  if (failure.kind === 'scenario') return new ScenarioError(failure.problems.map(joined), '')
  const error = failure.kind === 'invariant' ? new InvariantError('') : new Error()
  error.message = failure.message
  error.stack = failure.stack
  return error
}

function partsOf({ code, where, problem, expected }: ColdpoolError): Parts {
  return { code, where, problem, expected }
}

function joined({ code, where, problem, expected }: Parts): ColdpoolError {
  return new ColdpoolError(code, where, problem, expected)
}
