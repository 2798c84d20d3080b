import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escaped, html } from './html.ts'

describe('html', () => {
  test('lets no text become markup, in a tag or in an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inside = html`<p title="${text}">${text}</p>`.text.slice('<p title="'.length, -'</p>'.length)
        expect(inside.match(/["<>]/g)).toEqual(['"', '>'])
      }),
    )
  })

  test.each([
    ['<script>alert("x")</script>', '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;'],
    [`' onload='x`, '&#39; onload=&#39;x'],
    ['&lt;', '&amp;lt;'],
    ['a\u0000b\u001b[31m', 'a\\u0000b\\u001b[31m'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    ['two\nlines\tand 🐻', 'two\nlines\tand 🐻'],
  ])('%j is written %j', (text, written) => {
    expect(escaped(text)).toBe(written)
  })

  test('takes what it has made itself as it is, and leaves out what is not there', () => {
    const item = html`<li>${'<'}</li>`
    expect(html`<p>${[item, [item]]}${false}${undefined}${0}</p>`.text).toBe('<p><li>&lt;</li><li>&lt;</li>0</p>')
  })
})
