/** Many small tasks with a store, a bounded number of them under way at a time; the first that fails ends it. */
export async function eachWithin(most: number, count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: Math.min(most, count) }, work))
}
