/** The stage that carries its part of a cast, and recruits those newcomers who belong to it. */
import type { Actor, Ordinal } from '#shared/actor.ts'
import type { StageId } from '#shared/bus/bus.ts'
import { Stage } from '#shared/stage.ts'
import type { Cast } from '../actors.ts'
import type { Spread } from './spread.ts'

/** `actorOf` makes them; default: as the cast does. */
export function stageFrom(
  cast: Cast,
  id: StageId,
  spread: Spread,
  actorOf: (ordinal: Ordinal) => Actor = (ordinal) => cast.actor(ordinal),
): Stage {
  const mine = cast.members.filter(({ ordinal }) => spread.of(ordinal) === id)
  return new Stage(
    id,
    mine.map(({ ordinal }) => actorOf(ordinal)),
    (ordinal) => spread.of(ordinal),
    (command) => {
      const ordinal = cast.learn(command)
      return ordinal !== undefined && spread.of(ordinal) === id ? actorOf(ordinal) : undefined
    },
  )
}
