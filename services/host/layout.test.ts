import fc from 'fast-check'
import { expect, test } from 'vitest'
import { profileOf } from './host.fixture.ts'
import { Layout } from './layout.ts'

test('a page lies in the class in whose share of [0, 1) its number falls, as a search through all classes finds it', () => {
  const shares = fc.array(fc.oneof(fc.double({ min: 1e-6, max: 1, noNaN: true }), fc.constantFrom(0, 1 / 4096)), {
    minLength: 1,
    maxLength: 24,
  })
  fc.assert(
    fc.property(shares, fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1), (share, shift, contiguous) => {
      const pages = 5000
      const classes = share.map((part) => ({ share: part, reads: 0, writes: 0, miss: 1 }))
      const layout = new Layout(profileOf(pages, classes, { shift, contiguous }))
      const filled = new Uint16Array(pages)
      layout.writeTo(filled, 7)
      const upTo = share.map((_, k) => share.slice(0, k + 1).reduce((x, y) => x + y, 0))
      for (let i = 0; i < pages; i++) {
        const at = contiguous === 1 ? i / pages + shift : i * 0.6180339887498949 + shift
        const x = (at - Math.floor(at)) * upTo.at(-1)!
        const found = upTo.findIndex((bound) => x < bound)
        const k = found < 0 ? share.length - 1 : found
        if (layout.classOf(i) !== k) expect.fail(`page ${i} is in class ${layout.classOf(i)}, not ${k}`)
        if (filled[i] !== 7 + k) expect.fail(`page ${i} is put into class ${filled[i]}, not ${7 + k}`)
      }
    }),
  )
})
