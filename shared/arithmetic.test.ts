import { expect, test } from 'vitest'
import { exp, log, pow, sqrt } from './arithmetic.ts'
import { Digest } from './digest.ts'
import { fork, Stream } from './random.ts'

test.each([
  ['exp', '472db8380f60aec0', (x: number) => exp(-40 * x)],
  ['log', '18e67c842c125699', (x: number) => log(x)],
  ['pow', '5952ac2e9f49a9d4', (x: number, y: number) => pow(1e6 * x, 3 * y - 1.5)],
  ['sqrt', 'c2845d17af79397f', (x: number) => sqrt(1e6 * x)],
])('%s gives the same bits on every machine', (_, hex, f) => {
  const digest = new Digest()
  const stream = new Stream(fork(1, 'arithmetic'))
  for (let i = 0; i < 100_000; i++) digest.number(f(stream.unit(), stream.unit()))
  expect(digest.hex()).toBe(hex)
})
