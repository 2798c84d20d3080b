/** Asks a conductor over the bus, with an operator's rights. */
import type { NatsWire } from '#shared/bus/nats.ts'
import { subject } from '#shared/bus/wire.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { pack, unpack } from '#shared/packing.ts'
import { operatorAnswer, type OperatorAnswer, type OperatorRequest } from '../desk.ts'
import { lobby } from './crew.ts'

const ANSWER_MS = 10_000

/** Throws CP_BUS if nobody answers, CP_WIRE if the answer is none. */
export async function askConductor(
  wire: Pick<NatsWire, 'request'>,
  cluster: string,
  request: OperatorRequest,
): Promise<OperatorAnswer> {
  const bytes = await wire.request(subject(lobby(cluster), 'command', 'operator', 'conductor'), pack(request), ANSWER_MS)
  const { data } = operatorAnswer.safeParse(unpack(bytes))
  if (data === undefined) throw new ColdpoolError('CP_WIRE', 'answer', 'of another form', 'a conductor of this version')
  return data
}
