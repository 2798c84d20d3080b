/** What a benchmark is, and how its figures become lines of results.json. */

export interface Figure {
  readonly name: string
  readonly unit: string
  readonly goal: number
  readonly better: 'higher' | 'lower'
}

export interface Benchmark {
  readonly figures: readonly Figure[]
  readonly runs: number
  /** One run, after whatever must be prepared: a value for each figure, in their order. */
  prepare(quick: boolean): () => readonly number[] | Promise<readonly number[]>
}

export interface Result extends Figure {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** The first run warms up and does not count, unless it is the only one. */
export async function measure(benchmark: Benchmark, quick: boolean): Promise<Result[]> {
  const run = benchmark.prepare(quick)
  const runs = quick ? 1 : benchmark.runs
  const names = benchmark.figures.map((figure) => figure.name).join(', ')
  const samples: (readonly number[])[] = []
  if (!quick) await run()
  for (let i = 0; i < runs; i++) {
    process.stderr.write(`${names}: run ${i + 1} of ${runs}\n`)
    samples.push(await run())
  }
  return benchmark.figures.map((figure, column) => {
    const values = samples.map((sample) => sample[column]!).toSorted((a, b) => a - b)
    return { ...figure, median: medianOf(values), min: values[0]!, max: values.at(-1)!, runs }
  })
}

export function met({ better, median, goal }: Result): boolean {
  return better === 'higher' ? median >= goal : median <= goal
}

/** Seconds that `work` takes. */
export function secondsOf(work: () => void): number {
  const startMs = performance.now()
  work()
  return (performance.now() - startMs) / 1000
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
