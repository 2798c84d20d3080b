import { describe, expect, it } from 'vitest'
import { Picture } from './picture.ts'
import { EVENTS, sampleAt, STATUS } from './run.fixture.ts'

describe('a picture', () => {
  it('knows the rate of a counter from the last two samples', () => {
    const picture = new Picture()
    picture.hearSample(sampleAt(1))
    expect(picture.rate('host-1', 'refused')).toBeUndefined()
    picture.hearSample(sampleAt(3))
    expect(picture.rate('host-1', 'refused')).toBe(12_000)
    expect(picture.value('host-1', 'refused')).toBe(36_000)
    // A second sample of the same moment replaces the first.
    picture.hearSample(sampleAt(3))
    expect(picture.rate('host-1', 'refused')).toBe(12_000)
  })

  it('compares nothing with what was later', () => {
    const picture = new Picture()
    picture.hearSample(sampleAt(3))
    picture.hearSample(sampleAt(2))
    expect(picture.rate('host-1', 'refused')).toBeUndefined()
  })

  it('knows nothing of actors and keys that nobody told of', () => {
    const picture = new Picture()
    expect(picture.value('host-1', 'refused')).toBeUndefined()
    picture.hearSample(sampleAt(1))
    expect(picture.value('host-9', 'refused')).toBeUndefined()
    expect(picture.value('host-1', 'nothing')).toBeUndefined()
    expect(picture.value('constructor', 'name')).toBeUndefined()
  })

  it('keeps the last events', () => {
    const picture = new Picture()
    for (let n = 0; n < 20; n++) picture.hearEvents({ quantum: 1, events: EVENTS })
    expect(picture.events.length).toBe(50)
    expect(picture.events.at(-1)).toBe(EVENTS.at(-1))
  })

  it('forgets the run before when another begins', () => {
    const picture = new Picture()
    picture.hearStatus(STATUS)
    picture.hearSample(sampleAt(1))
    picture.hearEvents({ quantum: 1, events: EVENTS })
    picture.hearStatus({ ...STATUS, run: 'another' })
    expect(picture.events).toEqual([])
    expect(picture.value('host-1', 'refused')).toBeUndefined()
  })

  it('tells the time of a quantum once it knows how long one is', () => {
    const picture = new Picture()
    expect(picture.secondsAt(0)).toBe(0)
    expect(picture.secondsAt(500)).toBeUndefined()
    picture.hearStatus(STATUS)
    expect(picture.secondsAt(500)).toBe(0.5)
  })
})
