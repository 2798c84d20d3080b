/** Random scripts: newcomers of every kind, foreign workloads with what they say, stops, at any time. */
import fc from 'fast-check'
import { encodeBody } from '#shared/codec.ts'
import { Script } from '#shared/command.ts'
import type { Scenario } from '#shared/scenario.ts'
import { quantumAt } from '#shared/time.ts'
import { profileOfClasses } from '#services/workload/profile.ts'
import { Admission, type Request } from '#simulation/admission.ts'
import { names, workload } from './scenario.fixture.ts'

/** What a foreign workload may say: a few pages, hot or cold, and exact counts for some of them. */
const foreignMail = (id: string): fc.Arbitrary<Request> => {
  const profile = fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(1e4, 1e6)).map(([pages, rate]) =>
    encodeBody(
      'profile',
      profileOfClasses(
        {
          pages,
          threads: 4,
          allocateBytesPerSecond: 2e9,
          cacheBytes: 2 ** 20,
          missFraction: undefined,
          stored: 'gcc',
          written: 'incompressible',
        },
        [
          { share: 0.25, accessesPerSecond: rate },
          { share: 0.75, accessesPerSecond: 100 },
        ],
        0.5,
      ),
    ),
  )
  const accesses = fc.uniqueArray(fc.nat(3999), { minLength: 1, maxLength: 50 }).map((list) => {
    const pages = Uint32Array.from(list).toSorted()
    const counts = pages.map((page) => 1 + (page % 5))
    return encodeBody('accesses', {
      epoch: 0,
      workNs: 2e7,
      pages,
      reads: counts,
      writes: counts,
      llcReads: counts,
      llcWritebacks: counts,
    })
  })
  return fc.oneof(
    profile.map((body): Request => ({ kind: 'mail', id, mail: 'profile', body })),
    accesses.map((body): Request => ({ kind: 'mail', id, mail: 'accesses', body })),
    fc.constant<Request>({ kind: 'gone', id }),
  )
}

/** What operators may ask of a scenario, at any time, allowed or not. */
const requests = (scenario: Scenario) => {
  const newcomers = names('newcomer', 3)
  const strangers = names('stranger', 2)
  const someHost = fc.constantFrom(...Object.keys(scenario.hosts))
  const inject = fc
    .tuple(fc.constantFrom(...newcomers), someHost.chain(workload))
    .map(([id, form]): Request => ({ kind: 'inject', id, workload: form }))
  const stop = fc
    .constantFrom(...newcomers, ...strangers, ...Object.keys(scenario.workloads))
    .map((id): Request => ({ kind: 'stop', id }))
  const join = fc.tuple(fc.constantFrom(...strangers), someHost).map(([id, host]): Request => ({ kind: 'join', id, host }))
  const mail = fc.constantFrom(...strangers).chain(foreignMail)
  const request = fc.oneof(
    { weight: 3, arbitrary: inject },
    { weight: 2, arbitrary: stop },
    { weight: 2, arbitrary: join },
    { weight: 6, arbitrary: mail },
  )
  const last = quantumAt(scenario.duration, scenario.quantum) - 1
  return fc.array(fc.tuple(fc.nat(last), request), { minLength: 20, maxLength: 40 })
}

/** What is allowed of it, in order. */
export function randomScript(scenario: Scenario, seed: number): Script {
  const script = new Script()
  const admission = new Admission(scenario)
  const [asked] = fc.sample(requests(scenario), { seed, numRuns: 1 })
  for (const [quantum, request] of asked!.toSorted(([x], [y]) => x - y)) {
    if (admission.problems(request).length === 0) script.add({ quantum, command: admission.admit(request) })
  }
  return script
}
