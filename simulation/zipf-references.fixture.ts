/** A seeded file of references: Zipf-distributed over its pages by rank, ranks scattered over the page numbers. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { encodeReferencesHeader } from '#shared/references.ts'
import { fork, Stream } from '#shared/random.ts'

export interface ZipfReferences {
  readonly pages: number
  readonly count: number
  readonly skew: number
  readonly writeShare: number
  readonly seed: number
}

const RECORDS_AT_A_TIME = 2 ** 18

export function writeZipfReferences(path: string, { pages, count, skew, writeShare, seed }: ZipfReferences): void {
  const pageOf = permutation(pages, new Stream(fork(seed, 'pages')))
  const { cut, alias } = aliasTable(pages, skew)
  const stream = new Stream(fork(seed, 'references'))
  const file = openSync(path, 'w')
  writeSync(file, encodeReferencesHeader({ pages, count }))
  const records = new Uint32Array(Math.min(RECORDS_AT_A_TIME, count))
  for (let at = 0; at < count; at += records.length) {
    const some = records.subarray(0, Math.min(records.length, count - at))
    for (let i = 0; i < some.length; i++) {
      const column = stream.below(pages)
      const rank = stream.unit() < cut[column]! ? column : alias[column]!
      some[i] = pageOf[rank]! * 2 + (stream.unit() < writeShare ? 1 : 0)
    }
    writeSync(file, some)
  }
  closeSync(file)
}

function permutation(n: number, stream: Stream): Uint32Array {
  const numbers = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = stream.below(i + 1)
    const number = numbers[i]!
    numbers[i] = numbers[j]!
    numbers[j] = number
  }
  return numbers
}

/** Walker's alias method: a rank in two draws, whatever the number of ranks. */
function aliasTable(n: number, skew: number): { cut: Float64Array; alias: Uint32Array } {
  const cut = Float64Array.from({ length: n }, (_, i) => 1 / (i + 1) ** skew)
  const sum = cut.reduce((a, b) => a + b, 0)
  for (let i = 0; i < n; i++) cut[i] = (cut[i]! / sum) * n
  const alias = new Uint32Array(n)
  const small: number[] = []
  const large: number[] = []
  cut.forEach((share, i) => (share < 1 ? small : large).push(i))
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!
    const more = large.at(-1)!
    alias[less] = more
    cut[more]! -= 1 - cut[less]!
    if (cut[more]! < 1) small.push(large.pop()!)
  }
  // Left over by rounding alone.
  for (const i of [...small, ...large]) cut[i] = 1
  return { cut, alias }
}
